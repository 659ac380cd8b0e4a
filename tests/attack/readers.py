"""Readers in other processes while a home folder publishes repeatedly."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from scorer.config import Settings
from scorer.warehouse.database import connect_build
from scorer.warehouse.publication_reader import PublicationReader
from scorer.warehouse.publications import publish
from tests.attack import processes
from tests.attack.arena import Arena
from tests.attack.world import SECOND

PUBLICATIONS = 100
_READERS = 2
_READS_PER_PUBLICATION = 100
_SQL = """
select
    count(*) as n,
    count(distinct valid_from) as cycles,
    max(valid_from) = (select as_of from publication) as is_whole
from ranked_offers
"""


@dataclass(frozen=True)
class _Reader:
    """Reads in a process until a file appears; writes one line per read."""

    link: Path
    stop: Path
    log: Path
    opens: bool

    def __call__(self) -> None:
        """Read, then end the process."""
        with self.log.open("w", buffering=1) as log, PublicationReader(self.link) as kept:
            while not self.stop.exists():
                try:
                    if self.opens:
                        with PublicationReader(self.link) as reader:
                            row = reader.query(_SQL).to_pylist()[0]
                    else:
                        row = kept.query(_SQL).to_pylist()[0]
                    wrong = "" if row["cycles"] == 1 and row["is_whole"] else str(row)
                except Exception as error:
                    wrong = f"{type(error).__name__}: {error}"
                log.write(" ".join(wrong.split()) + "\n")


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try is a read during publications: it sees one whole cycle."""
    home = arena.prepared.copy_before("publish", arena.folder / "home")
    settings = Settings(home=home, as_of=SECOND)
    stop = arena.folder / "stop"
    stop.unlink(missing_ok=True)
    readers = [
        _Reader(settings.published_path, stop, arena.folder / f"reader{n}", n % 2 == 0)
        for n in range(_READERS)
    ]
    _publish(settings, 0)
    running = [processes.Command(["--version"], arena.folder / "log", each) for each in readers]
    read = 0
    try:
        for number in range(1, PUBLICATIONS + 1):
            _publish(settings, number)
            while read < number * _READS_PER_PUBLICATION:
                time.sleep(0.02)
                if not all(command.process.is_alive() for command in running):
                    yield "a reader has ended"
                    return
                seen = [line for each in readers for line in _lines(each.log)]
                yield from (line or None for line in seen[read:])
                read = max(read, len(seen))
    finally:
        stop.touch()
        for command in running:
            command.ended()
        shutil.rmtree(home, ignore_errors=True)


def _lines(log: Path) -> list[str]:
    text = log.read_text() if log.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def _publish(settings: Settings, number: int) -> None:
    later = replace(settings, as_of=SECOND + timedelta(days=number))
    with connect_build(settings.build_path) as connection:
        connection.execute("update scorer.ranked_offers set valid_from = ?", [later.as_of])
    publish(later, "")
