"""Evaluation of one policy: the reported numbers, and when there are none."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.ope import ESTIMATORS, LoggedFeedback, TargetPolicy, evaluate
from tests.support import ope_logs


@pytest.mark.parametrize("name", ESTIMATORS)
def test_too_few_matching_responses_give_no_number(name: str) -> None:
    """Nineteen matching responses are insufficient, twenty are enough."""
    below = evaluate(*ope_logs.uniform_log(19), name)
    assert below.status == "insufficient"
    assert (below.value, below.standard_error, below.low, below.high) == (None,) * 4
    assert below.interval_method is None
    assert below.matching_responses == 19
    assert evaluate(*ope_logs.uniform_log(20), name).status == "ok"


def test_no_response_at_all_is_insufficient_not_zero() -> None:
    """A log without successes is insufficient; it does not give the interval [0, 0]."""
    result = evaluate(*ope_logs.uniform_log(0), "snips")
    assert (result.status, result.value, result.low) == ("insufficient", None, None)


def test_an_empty_log_and_a_policy_without_a_match_are_insufficient() -> None:
    """An empty log or no matching display gives the status insufficient, not an error."""
    empty = np.zeros(0)
    nothing = LoggedFeedback(empty, empty, np.zeros(0, int))
    policy = TargetPolicy(empty, empty, empty)
    never = TargetPolicy(np.zeros(400), np.zeros(400), np.zeros(400))
    for name in ESTIMATORS:
        assert evaluate(nothing, policy, name).status == "insufficient"
        result = evaluate(ope_logs.uniform_log(50)[0], never, name)
        assert (result.status, result.matching_displays) == ("insufficient", 0)
        assert result.effective_sample_size == 0


def test_rewards_that_never_vary_are_insufficient() -> None:
    """Equal amounts everywhere leave no error to measure, so no interval is claimed."""
    feedback, policy = ope_logs.uniform_log(0)
    same = LoggedFeedback(np.full(400, 3.0), feedback.propensity, feedback.cluster)
    assert evaluate(same, policy, "snips").status == "insufficient"


def test_a_response_is_any_reward_but_zero() -> None:
    """Every amount other than 0 counts as a response, refunds included."""
    feedback, policy = ope_logs.uniform_log(0)
    reward = np.zeros(400)
    reward[:30] = np.linspace(-5, 40, 30)
    amounts = LoggedFeedback(reward, feedback.propensity, feedback.cluster)
    assert evaluate(amounts, policy, "dr").matching_responses == 30


def test_the_random_policy_uses_every_response() -> None:
    """A policy that could have shown any offer matches all displays."""
    log = ope_logs.draw(n=1_000)
    quarter = TargetPolicy(np.full(1_000, 0.25), log.policy.expected, log.policy.logged)
    result = evaluate(log.feedback, quarter)
    assert result.matching_displays == 1_000
    assert result.matching_responses == int(log.feedback.reward.sum())


def test_evidence_is_counted() -> None:
    """Equal weights make each matching display count; propensities below the floor are a share."""
    feedback, policy = ope_logs.uniform_log(40)
    result = evaluate(feedback, policy)
    assert (result.displays, result.matching_displays, result.matching_responses) == (400, 200, 40)
    assert result.effective_sample_size == pytest.approx(200)
    assert result.share_below_floor == 0
    rare = np.where(np.arange(400) < 100, 0.0001, 0.5)
    low = LoggedFeedback(feedback.reward, rare, feedback.cluster)
    assert evaluate(low, policy).share_below_floor == 0.25
    assert evaluate(low, policy, floor=0.00005).share_below_floor == 0


def test_the_estimate_lies_within_its_interval_and_its_range() -> None:
    """Intervals of a rate stay between 0 and 1 where counts are small."""
    log = ope_logs.draw(n=300, rate=0.3)
    for name in ("ips", "snips", "dr", "dr_shrunk"):
        result = evaluate(log.feedback, log.policy, name)
        assert result.value is not None
        assert result.low is not None
        assert result.high is not None
        assert 0 < result.low < result.value < result.high < 1
        assert result.interval_method == "clopper_pearson_mid_p"


def test_a_wrong_model_does_not_hide_in_the_direct_method() -> None:
    """The error of dm includes its estimated bias, so its interval still covers the truth."""
    log = ope_logs.draw(n=20_000)
    wrong = TargetPolicy(log.policy.probability, log.policy.expected + 0.1, log.policy.logged + 0.1)
    result = evaluate(log.feedback, wrong, "dm")
    assert result.value == pytest.approx(0.24 + 0.11)
    assert result.standard_error is not None
    assert result.standard_error > 0.1
    assert result.low is not None
    assert result.low < 0.24


def test_results_do_not_depend_on_the_order_of_rows() -> None:
    """Shuffled displays give the same estimate and interval."""
    log = ope_logs.draw(n=2_000, displays_per_profile=4)
    order = np.random.default_rng(0).permutation(2_000)
    feedback = LoggedFeedback(
        log.feedback.reward[order], log.feedback.propensity[order], log.feedback.cluster[order]
    )
    policy = TargetPolicy(
        log.policy.probability[order], log.policy.expected[order], log.policy.logged[order]
    )
    for name in ESTIMATORS:
        one, other = evaluate(log.feedback, log.policy, name), evaluate(feedback, policy, name)
        assert other.value == pytest.approx(one.value, rel=1e-12)
        assert (other.low, other.high) == pytest.approx((one.low, one.high), rel=1e-9)


def test_what_cannot_be_evaluated_is_named() -> None:
    """Errors about estimators, floors and lengths state what was expected."""
    log = ope_logs.draw(n=100)
    with pytest.raises(ValueError, match="expected one of ips, snips, dm, dr, dr_shrunk, got 'x'"):
        evaluate(log.feedback, log.policy, "x")
    with pytest.raises(ValueError, match=r"floor: expected a number in \(0, 1\], got 0"):
        evaluate(log.feedback, log.policy, floor=0)
    with pytest.raises(ValueError, match="policy: expected 100 displays like the log, got 50"):
        evaluate(log.feedback, ope_logs.draw(n=50).policy)
