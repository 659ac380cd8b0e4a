"""Coverage of 95 % intervals of policy values, and the error rate of the gate.

    python -m benchmarks.coverage --logs 3000

Draws many logs from worlds with a known truth (ope_worlds.py, ten worlds per scenario), evaluates a
policy and compares it with the best single offer. Prints every estimator as it is measured and then
a summary. Exits with 1 if a required coverage is outside 93-97 %, or if the gate (z > 1.64) opens
for policies of equal value in more than 5 % of logs plus three standard errors of the simulation. A
comparison is required only if at least 95 % of logs contain enough evidence, because the evidence
of a log depends on its rewards.

With 3000 logs, 95 % is measured to +- 0.8, which takes about 25 minutes on one core. With 500 logs
it is +- 1.9 and 4 minutes, and a few of the 200 figures are outside by chance.
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
FLOOR = 0.01
PAIRED = ("ips", "snips", "dr")
PAIRED_METHODS = ("clustered_t", "fieller")
MAY_BE_BIASED = ("dm",)
ENOUGH = 0.95
HEADER = """
| scenario | ips | snips | dr | dr_shrunk | dm | dm bias | dr half width | dr difference | dr lift \
| snips gate | dr gate |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


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
    """Results of one estimator in one scenario; shares are in percent of `logs`."""

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
    """Estimates and intervals of one estimator over logs; logs without an interval are left out."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []
        self.methods: list[str] = []

    def add(self, truth: float, estimate: tuple[float | None, ...], method: str) -> None:
        numbers = [number for number in estimate if number is not None]
        if len(numbers) == len(estimate):
            self.rows.append((truth, *numbers))
            self.methods.append(method)

    def coverage(self, scenario: Scenario, estimator: str, logs: int) -> Coverage:
        if not self.rows:
            return Coverage(scenario.name, estimator, 0, *[float("nan")] * 5, "", False)
        truth, value, low, high = np.array(self.rows).T
        error = value - truth
        is_usual = len(truth) >= ENOUGH * logs or self.methods[0] not in PAIRED_METHODS
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
            required=scenario.required and estimator not in MAY_BE_BIASED and is_usual,
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


def measure_intervals(scenario: Scenario, logs: int, seed: int) -> dict[str, list[Coverage]]:
    """Coverage of values, of differences and of lifts."""
    values = {name: Tally() for name in ESTIMATORS}
    differences = {name: Tally() for name in PAIRED}
    lifts = {name: Tally() for name in PAIRED}
    for log in draws(scenario, logs, seed):
        for name, tally in values.items():
            one = evaluate(log.feedback, log.policy, name, FLOOR)
            tally.add(log.value, (one.value, one.low, one.high), one.interval_method or "")
        for name in PAIRED:
            two = compare(log.feedback, log.policy, log.baseline, name, FLOOR)
            bounds = (two.difference, two.low, two.high)
            differences[name].add(log.value - log.base, bounds, "clustered_t")
            bounds = (two.lift, two.lift_low, two.lift_high)
            lifts[name].add(log.value / log.base - 1, bounds, "fieller")
    kinds = {"value": values, "difference": differences, "lift": lifts}
    return {
        kind: [tally.coverage(scenario, name, logs) for name, tally in tallies.items()]
        for kind, tallies in kinds.items()
    }


def measure_gate(scenario: Scenario, logs: int, seed: int) -> dict[str, float]:
    """Percent of all logs in which the gate opens although both policies have the same value."""
    opened = dict.fromkeys(PAIRED, 0)
    for log in draws(scenario, logs, seed, is_null=True):
        for name in PAIRED:
            z = compare(log.feedback, log.policy, log.baseline, name, FLOOR).z
            opened[name] += z is not None and z > GATE
    return {name: 100 * count / logs for name, count in opened.items()}


def gate_limit(logs: int) -> float:
    """Five percent and three standard errors of a share measured on that many logs."""
    return GATE_LEVEL + 300 * float(np.sqrt(0.05 * 0.95 / logs))


def report(kind: str, rows: list[Coverage]) -> int:
    """Print rows in percent and return the number of failures."""
    for row in rows:
        print(
            f"{row.scenario:<25}{kind:<11}{row.estimator:<10}{row.logs:>6}{row.covered:>8.1f}"
            f"{row.truth_above:>7.1f}{row.truth_below:>7.1f}{row.bias:>8.2f}{100 * row.width:>8.1f}"
            f"  {row.method}{'  <-- outside' if row.fails else ''}",
            flush=True,
        )
    return sum(row.fails for row in rows)


def summary(rows: dict[str, list[Coverage]], gate: dict[str, float]) -> str:
    """One Markdown row of a scenario."""
    value = {row.estimator: row for row in rows["value"]}
    cells = [f"{value[name].covered:.1f}" for name in ("ips", "snips", "dr", "dr_shrunk", "dm")]
    cells += [f"{value['dm'].bias:+.1f}", f"{100 * value['dr'].width:.0f}"]
    for kind in ("difference", "lift"):
        dr = next(row for row in rows[kind] if row.estimator == "dr")
        cells.append(f"{dr.covered:.1f}{'' if dr.required else '*'}")
    cells += [f"{gate['snips']:.1f}", f"{gate['dr']:.1f}"]
    return f"| {rows['value'][0].scenario} | {' | '.join(cells)} |"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=3000, help="logs a scenario (default 3000)")
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
    print("percent of logs: interval holds the truth, truth above it, below it; bias in standard")
    print(
        "deviations of the estimate; median half width in percent of the mean truth; usual method"
    )
    lines, bad = [], 0
    for scenario in chosen:
        rows = measure_intervals(scenario, options.logs, options.seed)
        gate = measure_gate(scenario, options.logs, options.seed)
        bad += sum(report(kind, rows[kind]) for kind in rows)
        bad += scenario.required * sum(share > gate_limit(options.logs) for share in gate.values())
        lines.append(summary(rows, gate))
    print(HEADER, *lines, sep="\n")
    print(f"\n{bad} outside of the limits; {time.perf_counter() - started:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
