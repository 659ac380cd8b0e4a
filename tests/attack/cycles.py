"""Home folders just before each step of a second weekly cycle, and the expected result."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from scorer.config import Settings
from scorer.cycle.run import STEPS, run_cycle
from scorer.progress import Silent
from scorer.warehouse.build_state import STEP_NAMES
from scorer.warehouse.publications import publications
from tests.attack.world import FIRST, SECOND, write_world
from tests.support.publication_checksum import content_checksum

_STATE_FILES = ("cycles", "models", "published")


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

    def wrong_end(self, home: Path) -> str | None:
        """Return what is wrong with a home folder after the second cycle, or None."""
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
    """Run two cycles, and keep the home folder before each step of the second one."""
    raw, home = folder / "raw", folder / "home"
    write_world(raw, seed)
    settings = Settings(home=home, as_of=FIRST, raw=raw)
    run_cycle(settings, Silent())
    settings = replace(settings, as_of=SECOND)

    def kept(name: str):
        def step(work):
            shutil.copytree(home, folder / name, symlinks=True)
            (folder / name / "run.lock").write_text("")
            STEPS[name](work)

        return step

    result = run_cycle(settings, Silent(), steps={name: kept(name) for name in STEP_NAMES})
    return Prepared(folder, raw, content_checksum(result.published))


def leftovers(home: Path) -> list[str]:
    """Return the temporary files that a run left in its home folder."""
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if not {"target", "logs"} & set(path.relative_to(home).parts)
        and (".tmp" in path.name or path.name.startswith(".new-") or path.suffix == ".wal")
    )
