"""Time that a small cycle spends outside queries and training: imports, dbt, state.

``python -m benchmarks.cycle_overhead --help``. A simulated bank writes some weeks of events. A
cycle runs as of the week before the last in a separate home folder. Then the last cycle is
measured, each time on a copy of that folder and in a new process.

- ``queries`` is the time on the clock during which dbt has at least one query running;
- ``learning`` is the time of the steps train, rank and publish, queries included;
- ``rest`` is everything else: the cost of a cycle that does not depend on its data.

Exits with 1 if the smallest rest is above the limit.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.report import Table, show

LIMIT_SECONDS = 6.0
_COLUMNS = ("wall", "queries", "learning", "rest", "dbt queries")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the limit is missed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cycle_overhead")
    parser.add_argument("--profiles", type=int, default=2000, help="People in week 1.")
    parser.add_argument("--weeks", type=int, default=3, help="Weeks of events.")
    parser.add_argument("--repeats", type=int, default=3, help="Measured cycles.")
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.inside:
        print(json.dumps(_measured(*options.inside)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        runs = _runs(Path(folder), options.profiles, options.weeks, options.repeats)
    rows = [[str(run[column]) for column in _COLUMNS] for run in runs]
    show(Table("Seconds of one cycle", list(_COLUMNS), rows))
    least = min(run["rest"] for run in runs)
    if least > LIMIT_SECONDS:
        print(f"missed: {least:.1f} s outside of queries and learning, {LIMIT_SECONDS:.0f} allowed")
    return int(least > LIMIT_SECONDS)


def _runs(folder: Path, profiles: int, weeks: int, repeats: int) -> list[dict[str, float]]:
    from scorer.simulation import World

    raw, before = folder / "raw", folder / "before"
    world = World(profiles=profiles)
    world.write_catalogue(raw)
    for week in range(1, weeks + 1):
        world.live(week, raw)
    last = datetime.combine(world.start_of(weeks + 1), datetime.min.time())
    _apart(before, raw, last - timedelta(days=7))
    runs = []
    for repeat in range(repeats):
        home = folder / f"home{repeat}"
        shutil.copytree(before, home, symlinks=True)
        runs.append(_apart(home, raw, last))
    return runs


def _apart(home: Path, raw: Path, as_of: datetime) -> dict[str, float]:
    """Run one cycle in a new process; the clock includes the start of Python."""
    inside = ["--inside", str(home), str(raw), as_of.isoformat()]
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cycle_overhead", *inside],
        capture_output=True,
        text=True,
        check=True,
    )
    run = json.loads(done.stdout.splitlines()[-1])
    run["wall"] = round(time.monotonic() - started, 2)
    run["rest"] = round(run["wall"] - run["queries"] - run["learning"], 2)
    return run


def _measured(home: str, raw: str, as_of: str) -> dict[str, float]:
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

    spans: list[tuple[float, float]] = []
    execute = DuckDBCursorWrapper.execute

    def timed(cursor: DuckDBCursorWrapper, *arguments: object) -> object:
        started = time.monotonic()
        try:
            return execute(cursor, *arguments)
        finally:
            spans.append((started, time.monotonic()))

    DuckDBCursorWrapper.execute = timed
    from scorer.cli.app import main as nextoffer

    try:
        nextoffer(["run", "--home", home, "--raw", raw, "--as-of", as_of])
    except SystemExit as ended:
        if ended.code:
            raise
    state = json.loads(next(Path(home).glob(f"cycles/{as_of[:10].replace('-', '')}*")).read_text())
    seconds = state["seconds"]
    return {
        "queries": round(_covered(spans), 2),
        "learning": round(sum(seconds[step] for step in ("train", "rank", "publish")), 2),
        "dbt queries": len(spans),
    }


def _covered(spans: list[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    covered, reached = 0.0, 0.0
    for start, end in sorted(spans):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


if __name__ == "__main__":
    sys.exit(main())
