"""Home folders just before each step of a second weekly cycle, and what the cycle must give."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from scorer.config import Settings
from scorer.cycle.run import STEPS, run_cycle
from scorer.progress import Silent
from scorer.sql import literal, quote
from scorer.warehouse.build_state import STEP_NAMES, load_state
from scorer.warehouse.database import connect_build, connect_memory
from scorer.warehouse.publications import publications
from tests.attack import processes
from tests.attack.sabotage import StopBefore
from tests.attack.world import FIRST, SECOND, write_world
from tests.support.publication_checksum import content_checksum

_MARK = "prepared.json"


@dataclass(frozen=True)
class Prepared:
    """Inputs, a home before each step of the second cycle, and the checksum of its publication."""

    folder: Path
    raw: Path
    expected: str

    def copy_before(self, step: str, target: Path) -> Path:
        """Copy the home in which this step is the next one; return the copy."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder / step, target, symlinks=True)
        return target

    def command(self, home: Path, as_of: str | None = None) -> list[str | Path]:
        """Return the command line of the second cycle."""
        return ["run", "--raw", self.raw, "--home", home, "--as-of", as_of or SECOND.isoformat()]

    def run_step(
        self, step: str, home: Path, log: Path, *sabotages: processes.Sabotage
    ) -> processes.Ended:
        """Run the cycle, and end before the step after this one."""
        stop = [StopBefore(name) for name in _after(step)]
        return processes.run(self.command(home), log, *stop, *sabotages)

    def wrong_after(self, step: str, home: Path, log: Path) -> str | None:
        """Run a step again unless it is done; return what is wrong then, None if nothing.

        The home must hold what it held in the cycle that was not interrupted, after this step.
        """
        state = load_state(home / "cycles", SECOND)
        if state is None or step not in state.done:
            ended = self.run_step(step, home, log)
            if ended.code:
                return f"the same command ends with {ended.code}: {ended.text[-300:]}"
        if step == STEP_NAMES[-1]:
            return self.wrong_end(home)
        # Where the engine could not write its log into the database, it does so when it opens it.
        with connect_build(home / "build.duckdb"):
            pass
        left = leftovers(home)
        if left:
            return f"leftover files {left}"
        different = differences(home, self.folder / _after(step)[0])
        return f"differs from an uninterrupted run in {different}" if different else None

    def wrong_end(self, home: Path) -> str | None:
        """Return what is wrong with a home folder after the second cycle, None if nothing."""
        found = dict(publications(home / "published"))
        if set(found) != {FIRST, SECOND}:
            return f"publications of {sorted(map(str, found))}"
        if (home / "published.duckdb").resolve() != found[SECOND].resolve():
            return "the link does not name the newest publication"
        if content_checksum(found[SECOND]) != self.expected:
            return "the publication differs from that of an uninterrupted run"
        left = leftovers(home)
        return f"leftover files {left}" if left else None


def prepare(folder: Path, seed: int = 1) -> Prepared:
    """Run two cycles, and keep the home before each step of the second one; once per folder."""
    if (folder / _MARK).exists():
        kept = json.loads((folder / _MARK).read_text())
        return Prepared(folder, folder / "raw", kept["expected"])
    raw, home = folder / "raw", folder / "home"
    write_world(raw, seed)
    settings = Settings(home=home, as_of=FIRST, raw=raw)
    run_cycle(settings, Silent())
    settings = replace(settings, as_of=SECOND)

    def kept_before(name: str):
        def step(work):
            shutil.copytree(home, folder / name, symlinks=True)
            (folder / name / "run.lock").write_text("")
            STEPS[name](work)

        return step

    result = run_cycle(settings, Silent(), steps={name: kept_before(name) for name in STEP_NAMES})
    expected = content_checksum(result.published)
    (folder / _MARK).write_text(json.dumps({"expected": expected}))
    return Prepared(folder, raw, expected)


def _after(step: str) -> tuple[str, ...]:
    """Return the step after this one, if there is one."""
    return STEP_NAMES[STEP_NAMES.index(step) + 1 :][:1]


def differences(home: Path, other: Path) -> list[str]:
    """Return the tables, models and fields of the state in which two homes differ."""
    first, second = _contents(home), _kept_contents(other)
    return sorted(name for name in {*first, *second} if first.get(name) != second.get(name))


def _contents(home: Path) -> dict[str, str]:
    """Return a digest of each table of the build, each model file and the state of the cycle."""
    found = {}
    connection = connect_memory()
    try:
        connection.execute(f"attach {literal(home / 'build.duckdb')} as build (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'build'"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(
                "select count(*), bit_xor(md5_number(t::varchar))"
                f" from build.{quote(schema)}.{quote(table)} as t"
            ).fetchone()
            found[f"{schema}.{table}"] = repr(rows)
    finally:
        connection.close()
    for file in sorted((home / "models").rglob("*")):
        if file.is_file():
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            found[str(file.relative_to(home))] = digest
    state = load_state(home / "cycles", SECOND)
    if state is not None:
        found["state"] = repr({**asdict(state), "seconds": None})
    return found


# Of a prepared home, which does not change.
_kept_contents = cache(_contents)


def leftovers(home: Path) -> list[str]:
    """Return the temporary files that a run left in its home folder."""
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if not {"target", "logs"} & set(path.relative_to(home).parts)
        and (".tmp" in path.name or path.name.startswith(".new-") or path.suffix == ".wal")
    )
