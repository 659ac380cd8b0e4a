"""Estimators against numbers worked out by hand, and the properties that define them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.ope import ESTIMATORS, LoggedFeedback, TargetPolicy, evaluate
from scorer.ope.estimators import importance_weights
from tests.support import ope_logs

FEEDBACK = LoggedFeedback(
    np.array([1.0, 0.0, 2.0, 1.0]), np.array([0.5, 0.25, 0.5, 0.002]), np.arange(4)
)
POLICY = TargetPolicy(
    np.array([1.0, 0.5, 0.0, 0.01]), np.array([0.5, 1.0, 1.5, 1.0]), np.array([0.5, 0.5, 1.0, 1.0])
)


def estimate(name: str, feedback: LoggedFeedback, policy: TargetPolicy) -> float:
    """Return the value by estimator name with a floor of 0.01."""
    return ESTIMATORS[name](feedback, policy, importance_weights(feedback, policy, 0.01)).value


def test_weights_are_ratios_bounded_by_the_floor() -> None:
    """A propensity of 0.002 counts as 0.01, so its weight is 0.01 / 0.01."""
    assert importance_weights(FEEDBACK, POLICY, 0.01) == pytest.approx([2.0, 2.0, 0.0, 1.0])


def test_known_values() -> None:
    """Weights 2, 2, 0, 1 on four displays give these values by hand."""
    assert estimate("ips", FEEDBACK, POLICY) == pytest.approx((2 * 1 + 1 * 1) / 4)
    assert estimate("snips", FEEDBACK, POLICY) == pytest.approx((2 * 1 + 1 * 1) / 5)
    assert estimate("dm", FEEDBACK, POLICY) == pytest.approx(1.0)
    assert estimate("dr", FEEDBACK, POLICY) == pytest.approx(1.0 + (2 * 0.5 - 2 * 0.5 + 0) / 5)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_logging_policy_is_worth_the_mean_reward(name: str) -> None:
    """If the policy equals the logging policy, every estimate is near the plain mean."""
    log = ope_logs.draw(n=20_000)
    slack = {"dm": 0.015}.get(name, 0.003)
    assert estimate(name, log.feedback, log.logging) == pytest.approx(
        log.feedback.reward.mean(), abs=slack
    )


def test_weighting_estimators_are_exact_on_the_logging_policy() -> None:
    """With all weights 1, weighting changes nothing."""
    log = ope_logs.draw()
    mean = log.feedback.reward.mean()
    assert estimate("ips", log.feedback, log.logging) == pytest.approx(mean, rel=1e-12)
    assert estimate("snips", log.feedback, log.logging) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "dr_shrunk"])
def test_the_better_policy_wins(name: str) -> None:
    """Offer 0 is truly best; showing it is estimated above what was logged, and near its mean."""
    log = ope_logs.draw(n=40_000)
    best, logged = (estimate(name, log.feedback, p) for p in (log.policy, log.logging))
    assert best > logged
    assert best == pytest.approx(0.24, abs=0.015)


@given(
    seed=st.integers(0, 50),
    shift=st.floats(-100, 100),
    amounts=st.booleans(),
    is_told=st.booleans(),
    name=st.sampled_from(["snips", "dr"]),
)
def test_adding_to_every_reward_moves_the_estimate_by_just_that(
    seed: int, shift: float, amounts: bool, is_told: bool, name: str
) -> None:
    """Value and interval move by c, whether or not the model's predictions do."""
    log = ope_logs.draw(seed, n=600, rate=0.4, amounts=amounts)
    policy = log.policy
    if is_told:
        policy = TargetPolicy(policy.probability, policy.expected + shift, policy.logged + shift)
    before = evaluate(log.feedback, log.policy, name)
    after = evaluate(ope_logs.shifted(log.feedback, shift), policy, name)
    assert before.status == "ok"
    if after.status != "ok":
        return  # a shift can turn every response into none
    for was, now in (
        (before.value, after.value),
        (before.low, after.low),
        (before.high, after.high),
    ):
        assert was is not None
        assert now == pytest.approx(was + shift, abs=1e-9 * (1 + abs(shift)))
    assert after.standard_error == pytest.approx(before.standard_error, rel=1e-6)


@given(seed=st.integers(0, 50), scale=st.floats(0.01, 100))
def test_estimates_are_in_units_of_the_reward(seed: int, scale: float) -> None:
    """Rewards and predictions in cents give values and intervals a hundred times those in euros."""
    log = ope_logs.draw(seed, n=600, rate=0.4, amounts=True)
    feedback = LoggedFeedback(
        log.feedback.reward * scale, log.feedback.propensity, log.feedback.cluster
    )
    policy = TargetPolicy(
        log.policy.probability, log.policy.expected * scale, log.policy.logged * scale
    )
    for name in ESTIMATORS:
        one, other = evaluate(log.feedback, log.policy, name), evaluate(feedback, policy, name)
        assert one.value is not None
        assert one.low is not None
        assert other.value == pytest.approx(one.value * scale, rel=1e-9)
        assert other.low == pytest.approx(one.low * scale, rel=1e-6, abs=1e-9 * scale)


def test_a_perfect_model_leaves_no_error_to_correct() -> None:
    """When predictions equal rewards, doubly robust equals the direct method."""
    log = ope_logs.draw()
    policy = TargetPolicy(log.policy.probability, log.policy.expected, log.feedback.reward)
    assert estimate("dr", log.feedback, policy) == pytest.approx(
        estimate("dm", log.feedback, policy)
    )


def test_snips_stays_within_the_range_of_rewards() -> None:
    """Unlike IPS, a weighted mean never promises more than the best reward."""
    feedback = LoggedFeedback(np.ones(50), np.r_[np.full(49, 0.9), 0.01], np.arange(50))
    policy = TargetPolicy(np.ones(50), np.zeros(50), np.zeros(50))
    assert estimate("snips", feedback, policy) == pytest.approx(1.0)
    assert estimate("ips", feedback, policy) > 2


def test_contributions_average_to_the_estimate_and_keep_its_influence() -> None:
    """Leaving one display out moves the estimate by its contribution."""
    log = ope_logs.draw(n=500)
    n = log.feedback.displays
    for name in ("ips", "snips", "dr"):
        weight = importance_weights(log.feedback, log.policy)
        full = ESTIMATORS[name](log.feedback, log.policy, weight)
        row = int(np.argmax(np.abs(full.rows - full.value)))
        keep = np.arange(n) != row
        feedback = LoggedFeedback(
            log.feedback.reward[keep], log.feedback.propensity[keep], log.feedback.cluster[keep]
        )
        policy = TargetPolicy(
            log.policy.probability[keep], log.policy.expected[keep], log.policy.logged[keep]
        )
        moved = full.value - ESTIMATORS[name](feedback, policy, weight[keep]).value
        assert moved == pytest.approx((full.rows[row] - full.value) / (n - 1), rel=0.1)
