"""The closed loop: a simulated bank lives for weeks under what the product ranks.

``python -m benchmarks.closed_loop --help``. Every week is served the ranking of the cycle before,
and measured by the world's own truth; nothing of that truth reaches the product. ``--through
pipeline`` is the weekly run as users have it; ``--through scorer`` hands training and ranking the
marts directly, without files and dbt, and flags no shifts.

Exit code 1 when a requirement is missed. See closed_loop_requirements.py for what is required.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.closed_loop_drivers import (
    Driver,
    Outcome,
    ThroughPipeline,
    ThroughScorer,
    make_template,
)
from benchmarks.closed_loop_requirements import (
    NEW_STRATEGY,
    Verdict,
    Week,
    by_seed,
    verdicts,
)
from benchmarks.closed_loop_truth import Gain, gains, informed_ranking
from benchmarks.report import Table, show, write_markdown
from scorer.simulation import World
from scorer.simulation.catalogue import COLLAPSING_OFFER, NEW_OFFER, STRATEGY_IDS

_NOTHING = Gain(0, *[float("nan")] * 6)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a requirement is missed, 2 for wrong usage, else 0."""
    options = _parser().parse_args(arguments)
    if min(options.weeks, options.seeds, options.profiles) < 1:
        print("error: --weeks, --seeds and --profiles must be 1 or more", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        weeks = list(_weeks(options, Path(folder)))
    judged = verdicts(weeks, options.from_week)
    tables = [*_week_tables(weeks), _verdict_table(judged)]
    for table in tables:
        show(table)
    for path in options.out:
        _write(path, weeks, tables, arguments)
    return 1 if any(verdict.is_met is False for verdict in judged) else 0


def live(driver: Driver, world: World, seed: int, weeks: int) -> Iterator[Week]:
    """Let the world live through weeks, a cycle after each; yield a row per strategy and week."""
    outcome: Outcome | None = None
    for number in range(1, weeks + 1):
        measured, informed = _measure(world, number, outcome)
        started = time.monotonic()
        outcome = driver.cycle(number, None if outcome is None else outcome.ranked)
        seconds = round(time.monotonic() - started, 1)
        for strategy in STRATEGY_IDS:
            gain = measured.get(strategy, _NOTHING)
            best = informed.get(strategy, _NOTHING)
            yield Week(
                seed=seed,
                week=number,
                strategy=strategy,
                informed=best.personalised,
                seconds=seconds,
                **asdict(gain),
                **_said(outcome, strategy),
            )


def _measure(
    world: World, week: int, outcome: Outcome | None
) -> tuple[dict[str, Gain], dict[str, Gain]]:
    if outcome is None:
        return {}, {}
    informed = informed_ranking(world, week - 1, outcome.ranked, outcome.capped)
    return (
        gains(world, week, outcome.ranked, outcome.capped),
        gains(world, week, informed, outcome.capped),
    )


def _said(outcome: Outcome, strategy: str) -> dict[str, Any]:
    """What the cycle said of the strategy, of the new and of the collapsing offer."""
    ready = {
        row["offer_id"]
        for row in outcome.readiness.to_pylist()
        if row["is_ready"] and row["strategy_id"] == strategy
    }
    shifts = [] if outcome.shifts is None else outcome.shifts.to_pylist()
    severity = {r["offer_id"]: r["severity"] for r in shifts if r["strategy_id"] == strategy}
    flagged = {offer for offer, given in severity.items() if given != "ok"}
    unknown = None if outcome.shifts is None or strategy != NEW_STRATEGY else "ok"
    return {
        "new_ready": NEW_OFFER in ready,
        "flag": severity.get(COLLAPSING_OFFER, unknown),
        "false_flags": len(flagged - {COLLAPSING_OFFER}),
        "status": str(outcome.runs[strategy]["status"]),
    }


def _weeks(options: argparse.Namespace, folder: Path) -> Iterator[Week]:
    template = make_template(folder / "template") if options.through == "scorer" else None
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        world = World(profiles=options.profiles, seed=seed, compress=True)
        home = folder / f"seed-{seed}"
        driver: Driver = (
            ThroughPipeline(world, home, seed)
            if template is None
            else ThroughScorer(world, home, template, seed)
        )
        for week in live(driver, world, seed, options.weeks):
            print(_line(week), file=sys.stderr, flush=True)
            yield week
        shutil.rmtree(home)


def _line(week: Week) -> str:
    told = f"seed {week.seed} week {week.week} {week.strategy}: "
    if week.decisions:
        told += f"{week.share:.3f} of the oracle's gain ({week.attainable:.3f} attainable), "
        told += f"lift {week.lift:+.2f}, "
        if week.new_best > 0:
            told += f"{NEW_OFFER} {week.new_shown:.3f} shown, {week.new_best:.3f} best, "
            told += f"{week.new_hits:.3f} both, "
    else:
        told += "nothing personalised, "
    told += f"cycle {week.status} in {week.seconds:.0f} s"
    return told if week.flag is None else f"{told}, {COLLAPSING_OFFER} {week.flag}"


def _week_tables(weeks: Sequence[Week]) -> list[Table]:
    header = ["week", "share of gain", "attainable", "lift", "new shown", "new best", "new both"]
    tables = []
    for strategy in STRATEGY_IDS:
        rows = []
        for number in sorted({week.week for week in weeks}):
            own = [w for w in weeks if (w.week, w.strategy) == (number, strategy) and w.decisions]
            if own:
                rows.append([str(number), *_cells(own)])
        tables.append(Table(f"{strategy}, mean ± standard deviation over seeds", header, rows))
    return tables


def _cells(weeks: Sequence[Week]) -> list[str]:
    figures = [
        by_seed(weeks),
        by_seed(weeks, "informed"),
        np.array([week.lift for week in weeks]),
        *(np.array([getattr(w, n) for w in weeks]) for n in ("new_shown", "new_best", "new_hits")),
    ]
    return [f"{v.mean():.3f} ± {v.std(ddof=1) if v.size > 1 else 0:.3f}" for v in figures]


def _verdict_table(judged: Sequence[Verdict]) -> Table:
    words = {True: "met", False: "MISSED", None: "not judged"}
    rows = [[v.requirement, v.measured, words[v.is_met]] for v in judged]
    return Table("Requirements", ["required", "measured", "result"], rows)


def _write(
    path: Path, weeks: Sequence[Week], tables: list[Table], arguments: list[str] | None
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*asdict(weeks[0]), "share", "attainable", "lift"])
            writer.writeheader()
            for week in weeks:
                derived = {n: getattr(week, n) for n in ("share", "attainable", "lift")}
                writer.writerow(asdict(week) | derived)
        return
    command = " ".join(sys.argv[1:] if arguments is None else arguments)
    write_markdown(path, f"python -m benchmarks.closed_loop {command}", tables)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.closed_loop", description=__doc__)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=10, help="how many worlds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--profiles", type=int, default=5_000, help="people in week 1")
    parser.add_argument("--through", choices=("pipeline", "scorer"), default="pipeline")
    parser.add_argument(
        "--from-week", type=int, default=2, help="first week whose gain counts (2: the first model)"
    )
    parser.add_argument(
        "--out", type=Path, action="append", default=[], help="a .csv or .md file; repeatable"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
