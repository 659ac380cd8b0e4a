"""A small version of benchmarks/coverage.py: fixed seeds, fewer logs and a wider band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.coverage import draws, measure_gate, measure_intervals
from benchmarks.ope_worlds import SCENARIOS, Scenario
from scorer.ope import compare, evaluate

LOGS = 300
BAND = 3 * 100 * np.sqrt(0.05 * 0.95 / LOGS)


def scenario(name: str, displays: int) -> Scenario:
    """A scenario of the benchmark with smaller logs."""
    found = next(one for one in SCENARIOS if one.name == name)
    return replace(found, displays=displays, profiles=min(found.profiles, displays // 8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "displays"),
    [("uniform", 4_000), ("wide", 10_000), ("clustered, wide", 12_000), ("small counts", 3_000)],
)
def test_intervals_hold_the_truth_19_times_in_20(name: str, displays: int) -> None:
    """Coverage is 95 % within three standard errors of 300 simulated logs."""
    rows = measure_intervals(scenario(name, displays), LOGS, seed=1)
    for row in [row for kind in rows.values() for row in kind]:
        if row.required:
            assert row.covered == pytest.approx(95, abs=BAND), row


@pytest.mark.slow
def test_the_gate_stays_shut_for_policies_of_equal_value() -> None:
    """A score above 1.64 is seen in at most 5 % of null worlds, within three standard errors."""
    for name, opened in measure_gate(scenario("uniform", 4_000), LOGS, seed=2).items():
        assert opened <= 5 + BAND, name


def test_the_oracle_wins() -> None:
    """The policy that knows the truth is estimated at its true value and above the best single
    offer."""
    log = next(draws(scenario("uniform", 60_000), 1, seed=3))
    assert log.value > log.base
    for name in ("ips", "snips", "dr", "dr_shrunk"):
        assert evaluate(log.feedback, log.policy, name).value == pytest.approx(log.value, rel=0.1)
        z = compare(log.feedback, log.policy, log.baseline, name).z
        assert z is not None
        assert z > 3


def test_shrinkage_lowers_the_error_where_weights_are_uneven() -> None:
    """With uneven propensities, dr_shrunk has a smaller error than dr and stays near it."""
    errors = []
    for log in draws(scenario("wide", 20_000), 20, seed=4):
        plain, shrunk = (evaluate(log.feedback, log.policy, name) for name in ("dr", "dr_shrunk"))
        assert plain.value is not None
        assert plain.standard_error is not None
        assert shrunk.value == pytest.approx(plain.value, abs=plain.standard_error)
        errors.append((plain.standard_error, shrunk.standard_error))
    plain_error, shrunk_error = np.mean(errors, axis=0)
    assert shrunk_error < 0.98 * plain_error
