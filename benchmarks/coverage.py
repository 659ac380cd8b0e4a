"""Do 95 % intervals hold the true policy value in 95 of 100 logs, and does the gate stay shut?

    python benchmarks/coverage.py --logs 1000

Draws many logs from worlds with a known truth (ope_worlds.py, ten worlds a scenario), evaluates a
policy and compares it with the best single offer. Prints two tables and exits 1 when a required
coverage is outside 93-97 %, or the gate (z > 1.64) opens for policies of equal value in more than
5 % of logs by more than three standard errors of the simulation.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.ope_worlds import SCENARIOS, Scenario, World, as_target, draw_log, make_world
from scorer.ope import ESTIMATORS, LoggedFeedback, TargetPolicy, compare, evaluate

WORLDS = 10
LOW, HIGH = 93.0, 97.0
GATE, GATE_LEVEL = 1.64, 5.0
PAIRED = ("ips", "snips", "dr")
MAY_BE_BIASED = ("dm",)


@dataclass(frozen=True)
class Draw:
    """One log with the two policies and their true values."""

    feedback: LoggedFeedback
    policy: TargetPolicy
    baseline: TargetPolicy
    value: float
    base: float


@dataclass(frozen=True)
class Coverage:
    """How intervals of one estimator fared in one scenario; shares are in percent of `logs`."""

    scenario: str
    estimator: str
    logs: int
    covered: float
    truth_above: float
    truth_below: float
    bias: float
    width: float
    method: str
    required: bool

    @property
    def fails(self) -> bool:
        return self.required and self.logs > 0 and not LOW <= self.covered <= HIGH


class Tally:
    """Estimates and intervals of one estimator over logs."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, float]] = []
        self.methods: list[str] = []

    def add(self, truth: float, bounds: tuple[float, float, float], method: str = "") -> None:
        self.rows.append((truth, *bounds))
        self.methods.append(method)

    def coverage(self, scenario: Scenario, estimator: str) -> Coverage:
        if not self.rows:
            return Coverage(scenario.name, estimator, 0, *[float("nan")] * 5, "", False)
        truth, value, low, high = np.array(self.rows).T
        error = value - truth
        return Coverage(
            scenario=scenario.name,
            estimator=estimator,
            logs=len(truth),
            covered=100 * float(np.mean((low <= truth) & (truth <= high))),
            truth_above=100 * float(np.mean(truth > high)),
            truth_below=100 * float(np.mean(truth < low)),
            bias=float(error.mean() / error.std()),
            width=float(np.median(high - low) / 2 / abs(truth.mean())),
            method=max(set(self.methods), key=self.methods.count),
            required=scenario.required and estimator not in MAY_BE_BIASED,
        )


def draws(scenario: Scenario, logs: int, seed: int, is_null: bool = False) -> Iterator[Draw]:
    worlds = [make_world(scenario, world, is_null) for world in range(WORLDS)]
    for number in range(logs):
        yield draw(worlds[number % WORLDS], np.random.default_rng([seed, is_null, number]))


def draw(world: World, rng: np.random.Generator) -> Draw:
    feedback, kind, offer = draw_log(world, rng)
    return Draw(
        feedback,
        as_target(world, world.target, kind, offer),
        as_target(world, world.baseline, kind, offer),
        world.value(world.target),
        world.value(world.baseline),
    )


def measure_intervals(
    scenario: Scenario, logs: int, seed: int
) -> tuple[list[Coverage], list[Coverage], list[Coverage]]:
    """Coverage of values, of differences and of lifts."""
    values = {name: Tally() for name in ESTIMATORS}
    differences = {name: Tally() for name in PAIRED}
    lifts = {name: Tally() for name in PAIRED}
    for log in draws(scenario, logs, seed):
        for name, tally in values.items():
            one = evaluate(log.feedback, log.policy, name)
            if one.value is not None:
                tally.add(log.value, (one.value, one.low, one.high), one.interval_method)
        for name in PAIRED:
            two = compare(log.feedback, log.policy, log.baseline, name)
            if two.difference is not None and two.low is not None:
                truth = log.value - log.base
                differences[name].add(truth, (two.difference, two.low, two.high), "clustered_t")
            if two.lift_low is not None:
                lifts[name].add(log.value / log.base - 1, (two.lift, two.lift_low, two.lift_high))
    return (
        [tally.coverage(scenario, name) for name, tally in values.items()],
        [tally.coverage(scenario, name) for name, tally in differences.items()],
        [tally.coverage(scenario, name) for name, tally in lifts.items()],
    )


def measure_gate(scenario: Scenario, logs: int, seed: int) -> dict[str, float]:
    """Percent of all logs in which the gate opens although both policies are worth the same."""
    opened = dict.fromkeys(PAIRED, 0)
    for log in draws(scenario, logs, seed, is_null=True):
        for name in PAIRED:
            z = compare(log.feedback, log.policy, log.baseline, name).z
            opened[name] += z is not None and z > GATE
    return {name: 100 * count / logs for name, count in opened.items()}


def gate_limit(logs: int) -> float:
    """Five percent and three standard errors of a share measured on that many logs."""
    return GATE_LEVEL + 300 * float(np.sqrt(0.05 * 0.95 / logs))


def print_values(rows: list[Coverage]) -> None:
    for row in rows:
        flag = "  <-- outside" if row.fails else ""
        print(
            f"{row.scenario:<25}{row.estimator:<10}{row.logs:>6}{row.covered:>8.1f}"
            f"{row.truth_above:>7.1f}{row.truth_below:>7.1f}{row.bias:>8.2f}{100 * row.width:>8.1f}"
            f"  {row.method}{flag}",
            flush=True,
        )


def print_pairs(differences: list[Coverage], lifts: list[Coverage], gate: dict[str, float]) -> None:
    limit = gate_limit(max(row.logs for row in [*differences, *lifts]) or 1)
    for difference, lift in zip(differences, lifts, strict=True):
        opened = gate[difference.estimator]
        is_bad = difference.fails or lift.fails or (difference.required and opened > limit)
        print(
            f"{difference.scenario:<25}{difference.estimator:<10}{difference.logs:>6}"
            f"{difference.covered:>12.1f}{lift.covered:>8.1f}{opened:>8.1f}"
            f"{'  <-- outside' if is_bad else ''}",
            flush=True,
        )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=1000, help="logs a scenario (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--scenario",
        action="append",
        choices=[scenario.name for scenario in SCENARIOS],
        help="only this one; may be given several times (default all)",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    started = time.perf_counter()
    chosen = [s for s in SCENARIOS if not options.scenario or s.name in options.scenario]
    print("Policy values. In percent: coverage, truth above, truth below, median half width.")
    print(
        f"{'scenario':<25}{'':<10}{'logs':>6}{'cover':>8}{'above':>7}{'below':>7}"
        f"{'bias/sd':>8}{'half':>8}  usual method"
    )
    pairs, bad = [], 0
    for scenario in chosen:
        values, differences, lifts = measure_intervals(scenario, options.logs, options.seed)
        gate = measure_gate(scenario, options.logs, options.seed)
        print_values(values)
        pairs.append((differences, lifts, gate))
        bad += sum(row.fails for row in [*values, *differences, *lifts])
        if scenario.required:
            bad += sum(opened > gate_limit(options.logs) for opened in gate.values())
    print("\nPolicy against the best single offer. In percent: coverage, and how often z > 1.64")
    print("when both are worth the same (of all logs; too little evidence counts as shut).")
    print(f"{'scenario':<25}{'':<10}{'logs':>6}{'difference':>12}{'lift':>8}{'gate':>8}")
    for pair in pairs:
        print_pairs(*pair)
    print(f"\n{bad} outside of the limits; {time.perf_counter() - started:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
