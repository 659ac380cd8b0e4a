"""The weekly cycle, step by step, for growing logs of events, and compared with pandas.

``python -m benchmarks.cycle --help``. For each size, a simulated bank writes some weeks of events,
and a cycle processes them in an empty home folder. `start` is the first parse of the project by
dbt, which a home folder needs once. With many weeks (``--weeks 8``), another home folder runs the
cycle of the week before and then the last one, which is measured as the cost of an additional week.
Exits with 1 if a requirement is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from pathlib import Path

from benchmarks.cycle_steps import Usage, run_apart
from benchmarks.report import Table, show, write_markdown
from scorer.simulation import World

# Two weeks of the usual traffic of the bank; with more weeks, the traffic per week is lower.
_EVENTS_PER_PERSON, _USUAL_WEEKS = 8.8, 2
_FEW_WEEKS = 2
# Loading is measured on one thread, which takes longer than everything else for many events.
_FLOOR_UP_TO = 3_000_000
_LARGEST_FLOOR_RATIO, _LARGEST_GROWTH, _LEAST_SPEEDUP = 5.0, 12.0, 10.0


@dataclass(frozen=True)
class Run:
    """One size: numbers of events and people, usage of the simulation, the steps and pandas.

    ``steps`` are those of a cycle in an empty home folder, ``weekly`` those of an additional week,
    None with few weeks.
    """

    events: int
    people: int
    gigabytes: float
    simulated: Usage
    steps: dict[str, Usage]
    weekly: dict[str, Usage] | None
    floor: dict[str, float]
    pandas: Usage | None

    @property
    def cpu(self) -> float:
        """CPU seconds of the whole cycle."""
        return sum(usage.cpu for usage in self.steps.values())


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a requirement is missed, else 0."""
    options = _parser().parse_args(arguments)
    os.environ["NEXTOFFER_TRAINING_DISPLAYS"] = str(options.training_displays)
    runs = []
    for events in options.events:
        runs.append(_run(options, events))
        for table in _step_tables(runs[-1]):
            show(table)
    shown = [table for run in runs for table in _step_tables(run)]
    tables = [*shown, *_pandas_tables(runs), _growth_table(runs)]
    missed = list(_missed(runs))
    for table in tables[len(shown) :]:
        show(table)
    for text in missed:
        print(f"missed: {text}")
    if options.out:
        write_markdown(
            options.out, " ".join(["python -m benchmarks.cycle", *_words(arguments)]), tables
        )
    return 1 if missed else 0


def _run(options: argparse.Namespace, events: int) -> Run:
    folder = Path(tempfile.mkdtemp(prefix="cycle-", dir=options.folder))
    try:
        raw, home, second = folder / "raw", folder / "home", folder / "second"
        world, as_of = _bank(raw, events, options)
        simulated, lines = _live(world, raw, range(1, options.weeks))
        if options.weeks > _FEW_WEEKS:
            run_apart("ours", second, raw, as_of - timedelta(weeks=1))
        latest, more = _live(world, raw, [options.weeks])
        weekly = _steps(second, raw, as_of) if options.weeks > _FEW_WEEKS else None
        steps = _steps(home, raw, as_of)
        floor = run_apart("floor", home, raw, as_of).said if events <= _FLOOR_UP_TO else {}
        slow = _pandas(home, raw, as_of) if events <= options.pandas_up_to else None
        size = sum(f.stat().st_size for f in (raw / "experience_events").iterdir()) / 1e9
        simulated = Usage(
            simulated.wall + latest.wall, simulated.cpu + latest.cpu, float("nan"), {}
        )
        people = len(world.profile_ids(options.weeks))
        return Run(lines + more, people, size, simulated, steps, weekly, floor, slow)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pandas(home: Path, raw: Path, as_of: datetime) -> Usage | None:
    try:
        return run_apart("pandas", home, raw, as_of)
    except RuntimeError as error:  # usually out of memory: the system stops it
        print(error)
        return None


def _steps(home: Path, raw: Path, as_of: datetime) -> dict[str, Usage]:
    measured = run_apart("ours", home, raw, as_of).said["steps"]
    return {name: Usage(*usage, {}) for name, usage in measured.items()}


def _people(events: int) -> int:
    return max(500, round(events / _EVENTS_PER_PERSON))


def _bank(raw: Path, events: int, options: argparse.Namespace) -> tuple[World, datetime]:
    """Return a bank with that many events over all weeks, and the time after the last one."""
    start, usual = date(2026, 9, 6), World(profiles=1)
    slower = _USUAL_WEEKS / options.weeks
    world = World(
        profiles=_people(events),
        seed=options.seed,
        start=start,
        offers=options.offers,
        web_rate=usual.web_rate * slower,
        mail_rate=usual.mail_rate * slower,
    )
    world.write_catalogue(raw)
    return world, datetime.combine(start, datetime.min.time()) + timedelta(weeks=options.weeks)


def _live(world: World, raw: Path, weeks: Iterable[int]) -> tuple[Usage, int]:
    wall, cpu = time.monotonic(), time.process_time()
    lines = sum(world.live(week, raw).lines for week in weeks)
    return Usage(time.monotonic() - wall, time.process_time() - cpu, float("nan"), {}), lines


def _step_tables(run: Run) -> Iterator[Table]:
    yield _step_table(run, run.steps, "from nothing")
    if run.weekly is not None:
        yield _step_table(run, run.weekly, "the last week on top of the others")


def _step_table(run: Run, steps: dict[str, Usage], what: str) -> Table:
    rows = [_row("simulate", run.simulated, run)]
    rows += [_row(name, usage, run) for name, usage in steps.items()]
    total = Usage(
        sum(u.wall for u in steps.values()),
        sum(u.cpu for u in steps.values()),
        _peak(steps),
        {},
    )
    rows.append(_row("the cycle", total, run))
    size = f"{run.events:,} events, {run.people:,} people, {run.gigabytes:.2f} GB of NDJSON"
    title = f"{size}: {what}"
    header = ["step", "wall s", "CPU s", "peak GB", "events per CPU s"]
    return Table(title, header, rows)


def _row(name: str, usage: Usage, run: Run) -> list[str]:
    peak = "-" if usage.peak_gb != usage.peak_gb else f"{usage.peak_gb:.2f}"
    rate = f"{run.events / usage.cpu:,.0f}"
    return [name, f"{usage.wall:.1f}", f"{usage.cpu:.1f}", peak, rate]


def _pandas_tables(runs: list[Run]) -> Iterator[Table]:
    for run in runs:
        if run.pandas is None:
            continue
        yield _pandas_table(run, run.pandas, run.steps, "from nothing")
        if run.weekly is not None:
            yield _pandas_table(run, run.pandas, run.weekly, "the last week")


def _pandas_table(run: Run, pandas: Usage, ours: dict[str, Usage], what: str) -> Table:
    theirs = pandas.said
    pairs = [
        ("ingest and features", theirs["ingest"] + theirs["features"], ours["features"].cpu),
        ("train", theirs["train"], ours["train"].cpu),
        ("rank", theirs["rank"], ours["rank"].cpu),
        ("end to end, without our monitoring", pandas.cpu, _comparable(ours)),
        ("the same, wall s", pandas.wall, _comparable(ours, "wall")),
    ]
    rows = [[n, f"{t:.1f}", f"{o:.1f}", f"{t / o:.2f}"] for n, t, o in pairs]
    rows.append(["peak GB", f"{pandas.peak_gb:.2f}", f"{_peak(ours):.2f}", ""])
    header = ["step", "pandas CPU s", "ours CPU s", "pandas / ours"]
    return Table(f"{run.events:,} events against pandas: {what}", header, rows)


def _comparable(steps: dict[str, Usage], what: str = "cpu") -> float:
    return sum(getattr(usage, what) for name, usage in steps.items() if name != "monitor")


def _peak(steps: dict[str, Usage]) -> float:
    return max(usage.peak_gb for usage in steps.values())


def _growth_table(runs: list[Run]) -> Table:
    first, last = runs[0], runs[-1]
    rows = [
        [
            f"{run.events:,}",
            f"{run.cpu:.1f}",
            *(_floor_cells(run) if run.floor else ["-"] * 3),
        ]
        for run in runs
    ]
    title = "Growth and the parse floor"
    if last.events > first.events:
        title += f": time grows with events to the power {_exponent(first, last):.2f}"
    header = ["events", "cycle CPU s", "floor CPU s", "loading CPU s", "loading / floor"]
    return Table(title, header, rows)


def _floor_cells(run: Run) -> list[str]:
    floor, staging = run.floor["floor"], run.floor["staging"]
    return [f"{floor:.2f}", f"{staging:.2f}", f"{_floor_ratio(run):.1f}"]


def _exponent(first: Run, last: Run) -> float:
    return log(last.cpu / first.cpu) / log(last.events / first.events)


def _floor_ratio(run: Run) -> float:
    return run.floor["staging"] / run.floor["floor"]


def _missed(runs: list[Run]) -> Iterator[str]:
    first, last = runs[0], runs[-1]
    allowed = log(_LARGEST_GROWTH) / log(10)
    if last.events > first.events and _exponent(first, last) > allowed:
        yield f"growth {_exponent(first, last):.2f}, at most {allowed:.2f}"
    for run in runs:
        if run.floor and _floor_ratio(run) > _LARGEST_FLOOR_RATIO:
            yield f"loading takes {_floor_ratio(run):.1f} x the parse floor, at most 5"
        if run.pandas is not None:
            faster = run.pandas.wall / _comparable(run.weekly or run.steps, "wall")
            if faster < _LEAST_SPEEDUP:
                yield f"{run.events:,} events {faster:.2f} x faster than pandas, at least 10"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cycle", description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument(
        "--pandas-up-to", type=int, default=1_000_000, help="largest size for pandas"
    )
    parser.add_argument(
        "--training-displays", type=int, default=500_000, help="most a strategy learns from"
    )
    parser.add_argument("--weeks", type=int, default=_FEW_WEEKS, help="weeks of events, 2 or more")
    parser.add_argument("--offers", type=int, default=24, help="offers of the bank, 24 or more")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the data go, 4 GB per million events")
    parser.add_argument("--out", type=Path, help="write the tables as markdown")
    return parser


def _words(arguments: Sequence[str] | None) -> list[str]:
    return list(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
