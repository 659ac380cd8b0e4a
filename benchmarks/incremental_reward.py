"""Whether the interval of the incremental reward covers the truth of a simulated bank.

``python -m benchmarks.incremental_reward --weeks 4 --seeds 20``. Each week the bank shows what the
cycle before it ranked. After each cycle with personalised traffic, the incremental reward of
``arm_performance`` (30 days) is compared with what only the bank knows: for the personalised
displays of each week, the expected reward of the offers shown beyond that of a random eligible
offer. Writes one row per strategy and cycle to stderr as it goes.

``from the lift`` is the interval that the ends of the lift's interval give, as
``n * r0 * lift``. It doubles the error of the random mean, which both ends multiply.

Exits 1 if the interval covers less than 90 % of the truths of a strategy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.peer_tables import figure
from benchmarks.report import Table, show, write_markdown
from scorer.config import Settings
from scorer.cycle.run import run_cycle
from scorer.progress import Silent
from scorer.simulation import StrategyWeek, World
from scorer.simulation.catalogue import STRATEGY_IDS
from scorer.warehouse.publication_reader import PublicationReader

LEAST_COVERAGE = 0.9
MEASURED = """
    select
        arms.strategy_id,
        arms.incremental_reward as gain,
        arms.incremental_reward_low as low,
        arms.incremental_reward_high as high,
        arms.displays * random.reward_per_display * arms.lift_low_clustered as lift_low,
        arms.displays * random.reward_per_display * arms.lift_high_clustered as lift_high
    from arm_performance as arms
    inner join arm_performance as random using (strategy_id, placement_id, window_days)
    where
        arms.placement_id = 'all'
        and arms.window_days = 30
        and arms.traffic_type = 'contextual'
        and random.traffic_type = 'random'
        and arms.incremental_reward_low is not null
"""
DISPLAYS = """
    select
        strategy_id,
        1 + date_diff('day', ?::date, display_date) // 7 as week,
        sum(mature_displays)::bigint as displays
    from daily_outcomes
    where traffic_type = 'contextual'
    group by all
"""


@dataclass(frozen=True)
class Row:
    """The measured gain of a strategy's personalised displays, with its interval, and the truth."""

    seed: int
    week: int
    strategy: str
    truth: float
    gain: float
    low: float
    high: float
    lift_low: float
    lift_high: float

    def covers(self, low: float, high: float) -> bool:
        """Return whether an interval contains the truth."""
        return low <= self.truth <= high


def live(seed: int, weeks: int, profiles: int, home: Path) -> Iterator[Row]:
    """Simulate a bank and run the cycle after each week; yield a row per strategy and cycle.

    Raises
    ------
    RuntimeError
        A strategy failed in a cycle.
    """
    world = World(profiles=profiles, seed=seed, compress=True)
    raw, ranked = home / "raw", None
    world.write_catalogue(raw)
    lived: list[dict[str, StrategyWeek]] = []
    starts: list[datetime] = []
    for number in range(1, weeks + 1):
        report = world.live(number, raw, ranked)
        lived.append(dict(report.strategies))
        starts.append(report.start)
        settings = Settings(home=home, as_of=report.end, raw=raw, seed=seed)
        cycle = run_cycle(settings, Silent())
        if cycle.failures:
            raise RuntimeError(f"seed {seed}, week {number}: {cycle.failures}")
        with PublicationReader(cycle.published) as reader:
            ranked = reader.query("select * from ranked_offers")
            measured = reader.query(MEASURED).to_pylist()
            shown = reader.query(DISPLAYS, starts[:1]).to_pylist()
        for found in measured:
            strategy = found.pop("strategy_id")
            counts = {
                row["week"]: row["displays"] for row in shown if row["strategy_id"] == strategy
            }
            yield Row(seed, number, strategy, true_gain(lived, strategy, counts), **found)


def true_gain(
    lived: Sequence[dict[str, StrategyWeek]], strategy: str, displays: dict[int, int]
) -> float:
    """Return what personalised displays are expected to earn beyond random eligible offers.

    ``displays`` has the measured personalised displays by week, from 1.
    """
    total = 0.0
    for week, count in displays.items():
        own = lived[week - 1][strategy]
        if count and (arm := own.arms.get("contextual")):
            total += count * (arm.expected_reward / arm.displays - own.truth.random)
    return total


def table_of(rows: Sequence[Row]) -> Table:
    """Return coverage and mean width of both intervals by strategy."""
    lines = []
    for strategy in STRATEGY_IDS:
        own = [row for row in rows if row.strategy == strategy]
        if not own:
            continue
        widths = np.array([row.high - row.low for row in own])
        wide = np.array([row.lift_high - row.lift_low for row in own])
        errors = np.array([(row.gain - row.truth) / row.truth for row in own])
        lines.append(
            [
                strategy,
                str(len(own)),
                f"{coverage(own):.0%}",
                f"{np.mean([row.covers(row.lift_low, row.lift_high) for row in own]):.0%}",
                f"{np.mean(wide / widths):.2f}",
                figure(errors),
            ]
        )
    head = [
        "strategy",
        "cycles",
        "covers",
        "from the lift",
        "width from the lift",
        "relative error",
    ]
    return Table("Incremental reward against the truth", head, lines)


def coverage(rows: Sequence[Row]) -> float:
    """Return the share of the intervals that contain the truth."""
    return float(np.mean([row.covers(row.low, row.high) for row in rows]))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the requirement is missed, else 0."""
    options = _parser().parse_args(arguments)
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        with tempfile.TemporaryDirectory() as home:
            for row in live(seed, options.weeks, options.profiles, Path(home)):
                print(row, file=sys.stderr, flush=True)
                rows.append(row)
    table = table_of(rows)
    show(table)
    if options.out:
        command = " ".join(sys.argv[1:] if arguments is None else arguments)
        write_markdown(options.out, f"python -m benchmarks.incremental_reward {command}", [table])
    by_strategy = [[row for row in rows if row.strategy == name] for name in STRATEGY_IDS]
    return int(any(own and coverage(own) < LEAST_COVERAGE for own in by_strategy))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.incremental_reward", description=__doc__)
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=20, help="how many banks")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--profiles", type=int, default=2_000, help="people in week 1")
    parser.add_argument("--out", type=Path, help="a markdown file for the table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
