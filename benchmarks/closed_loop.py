"""Share of the oracle's gain that the weekly cycle reaches in a simulated bank.

``python -m benchmarks.closed_loop --weeks 12 --seeds 10``. Each week the bank shows the offers of
the previous cycle, and ``nextoffer run`` processes its events at the end. The share compares the
personalised arm with random traffic (0) and with the best eligible offer of every visit (1), by the
true expected rewards of the bank, which the product never sees. Writes one row per strategy and
week to stderr during the run.

Exits with 1 if a requirement is missed:

* Gain: the share, averaged over weeks 3 on and over seeds, is at least 80 % for each strategy.
* Collapse: the cycle of the week in which an offer loses its appeal flags it, in every seed.

The table of requirements also shows the number of cycles until a launched offer was ready.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peer_tables import figure
from benchmarks.report import Table, show, write_markdown
from scorer.config import Settings
from scorer.cycle.run import run_cycle
from scorer.progress import Silent
from scorer.simulation import StrategyWeek, World
from scorer.simulation.catalogue import (
    COLLAPSE_WEEK,
    COLLAPSING_OFFER,
    LAUNCH_WEEK,
    NEW_OFFER,
    STRATEGY_IDS,
)
from scorer.warehouse.publication_reader import PublicationReader

GAIN_SHARE, FIRST_WEEK = 0.8, 3
LAUNCHED_IN = "web_clicks"
_READY = "select bool_or(is_ready) as found from offer_readiness where offer_id = ?"
_SEVERITY = """
    select max(severity) filter (severity <> 'ok') as found
    from offer_performance_shift where offer_id = ?
"""


@dataclass(frozen=True)
class Week:
    """A strategy in one week of one seed, and the findings of the cycle at its end.

    Attributes
    ----------
    share : float, part of the oracle's gain over random; NaN before the first model.
    lift : float, expected reward of the personalised arm over that of random traffic, minus 1.
    new_ready : bool, whether the launched offer was ready by the end of the week.
    flag : str or None, severity given to the collapsing offer; None if it is not flagged.
    """

    seed: int
    week: int
    strategy: str
    share: float
    lift: float
    new_ready: bool
    flag: str | None


@dataclass(frozen=True)
class Verdict:
    """A requirement, the measured figure, and whether it is met (None: not judged)."""

    requirement: str
    measured: str
    is_met: bool | None


def live(seed: int, weeks: int, profiles: int, home: Path) -> Iterator[Week]:
    """Simulate a bank and run the cycle after each week; yield a row per strategy and week.

    Raises
    ------
    RuntimeError
        A strategy failed in a cycle.
    """
    world = World(profiles=profiles, seed=seed, compress=True)
    raw, ranked = home / "raw", None
    world.write_catalogue(raw)
    for number in range(1, weeks + 1):
        report = world.live(number, raw, ranked)
        settings = Settings(home=home, as_of=report.end, raw=raw, seed=seed)
        cycle = run_cycle(settings, Silent())
        if cycle.failures:
            raise RuntimeError(f"seed {seed}, week {number}: {cycle.failures}")
        with PublicationReader(cycle.published) as reader:
            ranked = reader.query("select * from ranked_offers")
            is_ready = bool(_found(reader, _READY, NEW_OFFER))
            flag = _found(reader, _SEVERITY, COLLAPSING_OFFER)
        for strategy, brought in report.strategies.items():
            share, lift = _gain(brought)
            yield Week(seed, number, strategy, share, lift, is_ready, flag)


def _found(reader: PublicationReader, query: str, offer: str) -> str | None:
    found: str | None = reader.query(query, [offer])["found"][0].as_py()
    return found


def _gain(brought: StrategyWeek) -> tuple[float, float]:
    truth = brought.truth
    gain = truth.personalised - truth.random
    return gain / (truth.oracle - truth.random), gain / truth.random


def verdicts(weeks: Sequence[Week]) -> list[Verdict]:
    """Judge all requirements."""
    return [*(_gain_verdict(weeks, strategy) for strategy in STRATEGY_IDS), *_offer_verdicts(weeks)]


def _gain_verdict(weeks: Sequence[Week], strategy: str) -> Verdict:
    wanted = f"{strategy}: {GAIN_SHARE:.0%} of gain, weeks {FIRST_WEEK} on"
    own = [w for w in weeks if w.strategy == strategy and w.week >= FIRST_WEEK]
    seeds = sorted({w.seed for w in own})
    shares = np.array([np.nanmean([w.share for w in own if w.seed == seed]) for seed in seeds])
    if not shares.size:
        return Verdict(wanted, "too few weeks", None)
    return Verdict(wanted, figure(shares), bool(shares.mean() >= GAIN_SHARE))


def _offer_verdicts(weeks: Sequence[Week]) -> list[Verdict]:
    own = [w for w in weeks if w.strategy == LAUNCHED_IN]
    collapsed = [w.flag for w in own if w.week == COLLAPSE_WEEK]
    flagged = [flag for flag in collapsed if flag is not None]
    seeds = sorted({w.seed for w in own})
    ready = [[w.week for w in own if w.seed == seed and w.new_ready] for seed in seeds]
    cycles = [min(found) - LAUNCH_WEEK + 1 for found in ready if found]
    return [
        Verdict(
            f"{COLLAPSING_OFFER} is flagged in its week",
            f"{len(flagged)} of {len(collapsed)} seeds",
            len(flagged) == len(collapsed) if collapsed else None,
        ),
        Verdict(f"{NEW_OFFER}: cycles until ready", figure(np.array(cycles), 1), None),
    ]


def _week_table(weeks: Sequence[Week], strategy: str) -> Table:
    rows = []
    for number in sorted({w.week for w in weeks}):
        own = [w for w in weeks if (w.week, w.strategy) == (number, strategy)]
        own = [w for w in own if not np.isnan(w.share)]
        values = [figure(np.array([getattr(w, name) for w in own])) for name in ("share", "lift")]
        rows.append([str(number), *values])
    title = f"{strategy}, mean ± standard error over seeds"
    return Table(title, ["week", "share of the oracle's gain", "lift"], rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when a requirement is missed, 2 for wrong usage, else 0."""
    options = _parser().parse_args(arguments)
    if min(options.weeks, options.seeds, options.profiles) < 1:
        print("error: --weeks, --seeds and --profiles must be 1 or more", file=sys.stderr)
        return 2
    weeks = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as home:
            for week in live(seed, options.weeks, options.profiles, Path(home)):
                print(week, file=sys.stderr, flush=True)
                weeks.append(week)
    judged, words = verdicts(weeks), {True: "met", False: "MISSED", None: "-"}
    rows = [[v.requirement, v.measured, words[v.is_met]] for v in judged]
    tables = [_week_table(weeks, strategy) for strategy in STRATEGY_IDS]
    tables.append(Table("Requirements", ["required", "measured", "result"], rows))
    for table in tables:
        show(table)
    if options.out:
        command = " ".join(sys.argv[1:] if arguments is None else arguments)
        write_markdown(options.out, f"python -m benchmarks.closed_loop {command}", tables)
    return 1 if any(verdict.is_met is False for verdict in judged) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.closed_loop", description=__doc__)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=10, help="how many banks")
    parser.add_argument("--profiles", type=int, default=5_000, help="people in week 1")
    parser.add_argument("--out", type=Path, help="a markdown file for the tables")
    return parser


if __name__ == "__main__":
    sys.exit(main())
