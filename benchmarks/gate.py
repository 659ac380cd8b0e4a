"""Share of strategies that training personalises, in one cycle and over many.

``python -m benchmarks.gate --help``. In a null world, personalisation cannot gain anything, so
every pass is an error. In any other world, the share of passes is the power of the gate. Each log
is a strategy: its first cycle has four weeks of random displays, each later cycle one more week,
and a pass carries over as in production (see docs/method.md).
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from scipy.stats import beta

from benchmarks.report import Table, show, write_markdown
from benchmarks.worlds import WorldSpec, make
from scorer.training.gate import Standing
from scorer.training.plan import TrainingPlan
from scorer.training.train import train

LIMIT, POWER = 0.05, 0.8
WEEKS_KNOWN = 4
_FIRST_CYCLE = datetime(2026, 1, 5)


@dataclass(frozen=True)
class Life:
    """The cycles of one strategy that personalised, and those that passed on new evidence."""

    personalised: tuple[bool, ...]
    proven: tuple[bool, ...]


def live(spec: WorldSpec, seed: int, weeks: int) -> Life:
    """Train every week on the newest four weeks; ``spec.displays`` is the size of such a window."""
    whole = WorldSpec(
        spec.truth,
        spec.offers,
        spec.rate,
        spec.displays * (WEEKS_KNOWN + weeks - 1) // WEEKS_KNOWN,
        spec.is_logged,
        spec.kpi,
    )
    log = make(whole, seed)[1]
    standing, personalised, proven = None, [], []
    for week in range(weeks):
        as_of = _FIRST_CYCLE + timedelta(weeks=week)
        window = log.examples.slice(week * spec.displays // WEEKS_KNOWN, spec.displays)
        plan = TrainingPlan(log.kpi_type, log.offer_ids, standing=standing, as_of=as_of)
        verdict = train(window, log.declared, plan).verdict
        proven.append(verdict.personalises and standing is None)
        personalised.append(verdict.personalises)
        seen = verdict.gain_seen
        standing = None if seen is None else Standing(seen, verdict.held_back_placements)
    return Life(tuple(personalised), tuple(proven))


def row(spec: WorldSpec, lives: list[Life], name: str | None = None) -> list[str]:
    """First cycles that passed with their exact 95 % interval; all cycles; strategies ever."""
    first, n = sum(life.personalised[0] for life in lives), len(lives)
    low, high = interval(first, n)
    cycles = [passed for life in lives for passed in life.personalised]
    ever = sum(any(life.personalised) for life in lives)
    return [
        name or spec.name,
        str(n),
        f"{first} = {first / n:.1%} ({low:.1%} to {high:.1%})",
        f"{sum(cycles) / len(cycles):.1%} of {len(cycles)}",
        f"{ever / n:.1%}",
        _result(spec, first / n, low),
    ]


def _result(spec: WorldSpec, share: float, low: float) -> str:
    """In a null world at most 5 % may pass, elsewhere at least 80 % must."""
    is_met = low <= LIMIT if spec.is_null else share >= POWER
    return "met" if is_met else "MISSED"


def interval(passed: int, n: int) -> tuple[float, float]:
    """Exact 95 % interval of a share (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, passed, n - passed + 1)) if passed else 0.0
    high = float(beta.ppf(0.975, passed + 1, n - passed)) if passed < n else 1.0
    return low, high


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when more strategies pass than chance allows, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        specs = [WorldSpec.parse(name, 10_000) for name in options.worlds]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    header = [
        "world",
        "strategies",
        "pass in the first cycle",
        "cycles personalised",
        "ever personalised",
        f"null: <= {LIMIT:.0%}, else >= {POWER:.0%}",
    ]
    found = _lives(specs, options)
    rows = [row(spec, found[spec]) for spec in specs]
    nulls = [life for spec in specs if spec.is_null for life in found[spec]]
    if sum(spec.is_null for spec in specs) > 1:
        rows.append(row(replace(specs[0], truth="null"), nulls, "all null worlds"))
    table = Table(f"Null worlds, {options.weeks} weekly cycles each", header, rows)
    show(table)
    command = " ".join(sys.argv[1:] if arguments is None else arguments)
    for path in options.out:
        write_markdown(path, f"python -m benchmarks.gate {command}", [table])
    return 1 if any(cells[-1] == "MISSED" for cells in rows) else 0


def _lives(specs: list[WorldSpec], options: argparse.Namespace) -> dict[WorldSpec, list[Life]]:
    """The lives of all worlds, one strategy of each world after the other."""
    found: dict[WorldSpec, list[Life]] = {spec: [] for spec in specs}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        seeds = range(options.first, options.first + options.logs)
        jobs = [
            (spec, seed, pool.submit(live, spec, seed, options.weeks))
            for seed in seeds
            for spec in specs
        ]
        for spec, seed, job in jobs:
            found[spec].append(job.result())
            if options.record:
                with options.record.open("a") as file:
                    file.write(f"{spec.name},{seed},{int(found[spec][-1].personalised[0])}\n")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=["means-5-5-10k", "null-5-5-10k"])
    parser.add_argument("--logs", type=int, default=300, help="strategies per world")
    parser.add_argument("--weeks", type=int, default=1, help="cycles of each strategy")
    parser.add_argument("--jobs", type=int, default=2, help="strategies at a time")
    parser.add_argument("--first", type=int, default=0, help="seed of the first strategy")
    parser.add_argument("--record", type=Path, help="a .csv file that grows by a line per strategy")
    parser.add_argument("--out", type=Path, action="append", default=[], help="a .md file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
