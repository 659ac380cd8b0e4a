"""The paired difference between two policies, and the score that the gate uses."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.ope import LoggedFeedback, TargetPolicy, compare, evaluate
from tests.support import ope_logs

PAIRED = ("ips", "snips", "dr", "dr_shrunk")


def always(offer: int, log: ope_logs.Log, offers: np.ndarray) -> TargetPolicy:
    """Return a policy that shows one offer, with a constant model."""
    flat = np.full(offers.size, log.feedback.reward.mean())
    return TargetPolicy((offers == offer).astype(float), flat, flat)


def uniform_draw(means: list[float], n: int = 20_000, seed: int = 0) -> tuple[ope_logs.Log, ...]:
    """A uniform log of offers with these means, and a policy for each."""
    rng = np.random.default_rng(seed)
    offers = rng.integers(len(means), size=n)
    reward = (rng.random(n) < np.array(means)[offers]).astype(float)
    feedback = LoggedFeedback(reward, np.full(n, 1 / len(means)), np.arange(n))
    log = ope_logs.Log(feedback, *[TargetPolicy(reward, reward, reward)] * 2)
    return log, *[always(offer, log, offers) for offer in range(len(means))]


@pytest.mark.parametrize("name", PAIRED)
def test_a_better_policy_is_found_with_its_lift(name: str) -> None:
    """Rates of 12 % and 8 % on 5,000 displays each: a lift of a half, far beyond chance."""
    log, better, worse = uniform_draw([0.12, 0.08])
    result = compare(log.feedback, better, worse, name)
    assert result.status == "ok"
    assert result.difference == pytest.approx(0.04, abs=0.012)
    assert result.z is not None
    assert result.z > 5
    assert result.p_value is not None
    assert result.p_value < 1e-6
    assert result.lift_low is not None
    assert result.lift_high is not None
    assert 0.2 < result.lift_low < 0.5 < result.lift_high < 0.9


def test_the_difference_is_that_of_the_two_values() -> None:
    """Pairing changes the error, not the estimate; swapping the policies changes the sign."""
    log, first, second = uniform_draw([0.12, 0.08])
    for name in PAIRED:
        values = [evaluate(log.feedback, policy, name).value for policy in (first, second)]
        forth = compare(log.feedback, first, second, name)
        back = compare(log.feedback, second, first, name)
        assert forth.difference == pytest.approx(values[0] - values[1])
        assert forth.lift == pytest.approx(values[0] / values[1] - 1)
        assert back.difference == pytest.approx(-forth.difference)
        assert back.z == pytest.approx(-forth.z)
        assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))
        assert forth.p_value + back.p_value == pytest.approx(1)


def test_pairing_removes_what_both_share() -> None:
    """Policies that differ for a tenth of the displays are compared on those alone."""
    log, first, second = uniform_draw([0.3, 0.3])
    mostly_first = TargetPolicy(
        np.where(np.arange(20_000) % 10 == 0, second.probability, first.probability),
        first.expected,
        first.logged,
    )
    paired = compare(log.feedback, mostly_first, first, "dr")
    errors = [evaluate(log.feedback, p, "dr").standard_error for p in (mostly_first, first)]
    assert paired.standard_error is not None
    assert paired.standard_error < 0.5 * np.hypot(*errors)
    rewards_that_differ = log.feedback.reward[::10].sum()
    assert paired.disagreeing_responses == rewards_that_differ


def test_a_policy_compared_with_itself_is_identical() -> None:
    """Equal policies differ by exactly 0, without interval or significance."""
    log, policy, _ = uniform_draw([0.1, 0.1])
    result = compare(log.feedback, policy, policy)
    assert (result.status, result.difference, result.lift, result.z) == ("identical", 0, 0, 0)
    assert (result.low, result.high) == (None, None)
    assert result.p_value == 0.5


def test_too_little_disagreement_gives_no_number() -> None:
    """The comparison is insufficient if policies differ on displays with fewer than 20
    responses."""
    log, first, second = uniform_draw([0.1, 0.1])
    nearly = TargetPolicy(
        np.where(np.arange(20_000) < 100, second.probability, first.probability),
        first.expected,
        first.logged,
    )
    result = compare(log.feedback, nearly, first)
    assert result.status == "insufficient"
    assert (result.difference, result.z, result.lift) == (None, None, None)
    assert 0 < result.disagreeing_responses < 20


def test_a_baseline_that_was_hardly_ever_shown_gives_no_number() -> None:
    """Many responses of small weight and one of large weight count as about one response."""
    rng = np.random.default_rng(5)
    n = 2_000
    is_rare = np.arange(n) % 2 == 0
    shown = rng.random(n) < np.where(is_rare, 0.01, 0.9)
    reward = (rng.random(n) < 0.1).astype(float)
    odds = np.where(is_rare, 0.01, 0.9)
    feedback = LoggedFeedback(reward, np.where(shown, odds, 1 - odds), np.arange(n))
    flat = np.full(n, 0.1)
    baseline = TargetPolicy(shown.astype(float), flat, flat)
    other = TargetPolicy((~shown).astype(float), flat, flat)
    assert evaluate(feedback, baseline).matching_responses > 50
    assert compare(feedback, other, baseline).status == "insufficient"


@pytest.mark.parametrize("means", [[0.12, 0.08], [0.1, 0.1], [0.11, 0.1], [0.08, 0.12]])
def test_lift_and_difference_agree_on_what_is_proven(means: list[float]) -> None:
    """The interval of the lift excludes 0 exactly when that of the difference does."""
    for seed in range(5):
        log, first, second = uniform_draw(means, 8_000, seed)
        result = compare(log.feedback, first, second)
        assert result.low is not None
        assert result.high is not None
        assert result.lift_low is not None
        assert result.lift_high is not None
        assert (result.lift_low > 0) == (result.low > 0)
        assert (result.lift_high < 0) == (result.high < 0)
        assert result.lift_low < result.lift < result.lift_high


def test_lift_needs_a_baseline_above_zero() -> None:
    """Losses are compared, but there is no lift over a loss."""
    log, first, second = uniform_draw([0.3, 0.2])
    losses = LoggedFeedback(-log.feedback.reward, log.feedback.propensity, log.feedback.cluster)
    result = compare(losses, first, second, "snips")
    assert result.difference == pytest.approx(-0.1, abs=0.02)
    assert (result.lift, result.lift_low, result.lift_high) == (None, None, None)


def test_a_shift_of_all_rewards_leaves_the_difference_alone() -> None:
    """A gain of both policies cancels: difference, error and score stay the same."""
    log, first, second = uniform_draw([0.12, 0.08])
    for name in ("snips", "dr"):
        before = compare(log.feedback, first, second, name)
        after = compare(ope_logs.shifted(log.feedback, 7.5), first, second, name)
        assert after.difference == pytest.approx(before.difference)
        assert after.standard_error == pytest.approx(before.standard_error)
        assert after.z == pytest.approx(before.z)
