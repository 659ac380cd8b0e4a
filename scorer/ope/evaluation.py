"""Value of a policy, and the paired difference of two policies, on the same logged displays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scorer.ope.clustering import total_error
from scorer.ope.contributions import Contributions
from scorer.ope.diagnostics import (
    MINIMUM_EFFECTIVE_RESPONSES,
    MINIMUM_RESPONSES,
    Evidence,
    effective_responses,
    measure_evidence,
)
from scorer.ope.estimators import (
    ESTIMATORS,
    FLOOR,
    Estimator,
    bounding_levels,
    importance_weights,
)
from scorer.ope.feedback import LoggedFeedback, TargetPolicy
from scorer.ope.intervals import clustered_t, fieller, normal_score, value_interval

OK, INSUFFICIENT, IDENTICAL = "ok", "insufficient", "identical"
# Each fold is served by a policy learned from the others. Without a true preference, the noise of
# two folds enters twice, once in the gain of each, so the sum has twice the variance of its rows.
CROSS_FITTED = 2**0.5
# One fold is served by the best of some policies learned elsewhere; only the choice among them is
# made on parts of the fold for one another. In simulations of 5 equal policies whose gains have a
# correlation of 0.3 or more, z then exceeds 1.64 in at most 5.5 % of cases.
CHOSEN_ELSEWHERE = 1.2


@dataclass(frozen=True)
class PolicyEstimate:
    """Estimated reward per display of a policy, with a 95 % interval and its evidence.

    Attributes
    ----------
    status : str
        ok, or insufficient, in which case the next five are None.
    value, standard_error, low, high : float or None
        In units of the reward. The standard error is clustered by profile; for `dm` and
        `dr_shrunk` it includes the estimated bias.
    interval_method : str or None
        clopper_pearson_mid_p or skew_corrected_t.
    displays, matching_displays, matching_responses : int
        See `Evidence`.
    effective_sample_size : float
        In displays.
    share_below_floor : float
        In [0, 1].
    """

    status: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    interval_method: str | None
    displays: int
    matching_displays: int
    matching_responses: int
    effective_sample_size: float
    share_below_floor: float


@dataclass(frozen=True)
class PairedDifference:
    """A policy minus a baseline on the same displays.

    Attributes
    ----------
    status : str
        ok; insufficient (no estimate); or identical: the two policies agree everywhere, so the
        difference, standard error, z and lift are 0 and there is no interval.
    difference, standard_error, low, high : float or None
        In units of the reward, clustered by profile, 95 %.
    z : float or None
        difference / standard_error, on the normal scale: closer to 0 with few profiles. Equal
        policies exceed 1.64 at most once in twenty.
    p_value : float or None
        One-sided, 1 - Phi(z).
    lift, lift_low, lift_high : float or None
        value / baseline - 1. None unless the baseline is at least two standard errors above 0.
    disagreeing_responses : int
        Responses on displays where the two policies differ, the evidence of the comparison.
    """

    status: str
    difference: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    z: float | None = None
    p_value: float | None = None
    lift: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    disagreeing_responses: int = 0


def evaluate(
    feedback: LoggedFeedback,
    policy: TargetPolicy,
    estimator: str = "dr",
    floor: float = FLOOR,
) -> PolicyEstimate:
    """Estimate the reward per display of a policy from another policy's log.

    Parameters
    ----------
    feedback : LoggedFeedback
        The log, n displays.
    policy : TargetPolicy
        Choices of the policy at the same n displays.
    estimator : str
        A name in `ESTIMATORS`.
    floor : float in (0, 1]
        Smaller propensities are raised to the floor, which bounds weights by 1 / floor.

    Raises
    ------
    ValueError
        An unknown estimator, a floor outside its range, or arrays of different lengths.
    """
    contribute = _estimator(estimator, feedback, policy, floor)
    weight = importance_weights(feedback, policy, floor)
    evidence = measure_evidence(feedback, policy, weight, floor)
    if not evidence.is_sufficient:
        return _insufficient(evidence)
    contributions = contribute(feedback, policy, weight)
    moments = total_error(contributions, feedback)
    if moments.standard_error == 0:
        return _insufficient(evidence)
    levels = bounding_levels(estimator, feedback)
    interval = value_interval(contributions.value, moments, levels)
    return PolicyEstimate(
        OK,
        contributions.value,
        moments.standard_error,
        interval.low,
        interval.high,
        interval.method,
        **vars(evidence),
    )


def compare(
    feedback: LoggedFeedback,
    policy: TargetPolicy,
    baseline: TargetPolicy,
    estimator: str = "dr",
    floor: float = FLOOR,
    inflation: float = 1.0,
) -> PairedDifference:
    """Compare a policy with a baseline display by display; arguments as for `evaluate`.

    ``inflation`` multiplies the standard error: `CROSS_FITTED` where either policy was learned from
    these displays, fold by fold.

    Insufficient when either policy, or the displays where they differ, have fewer than 20 matching
    responses, or when the effective number of responses of either is below 10: then the decisive
    response is usually missing from the log and the error is underestimated.
    """
    contribute = _estimator(estimator, feedback, policy, floor)
    _estimator(estimator, feedback, baseline, floor)
    differs = policy.probability != baseline.probability
    responses = int(np.count_nonzero(differs & (feedback.reward != 0)))
    insufficient = PairedDifference(INSUFFICIENT, disagreeing_responses=responses)
    sides = [_contributions(feedback, side, contribute, floor) for side in (policy, baseline)]
    if sides[0] is None or sides[1] is None:
        return insufficient
    if _do_the_same(policy, baseline):
        return PairedDifference(IDENTICAL, 0.0, 0.0, None, None, 0.0, 0.5, 0.0)
    if responses < MINIMUM_RESPONSES:
        return insufficient
    result = _difference(sides[0], sides[1], feedback, inflation)
    return insufficient if result is None else replace(result, disagreeing_responses=responses)


def _contributions(
    feedback: LoggedFeedback, policy: TargetPolicy, contribute: Estimator, floor: float
) -> Contributions | None:
    weight = importance_weights(feedback, policy, floor)
    if not measure_evidence(feedback, policy, weight, floor).is_sufficient:
        return None
    if effective_responses(feedback, weight) < MINIMUM_EFFECTIVE_RESPONSES:
        return None
    return contribute(feedback, policy, weight)


def _difference(
    policy: Contributions, baseline: Contributions, feedback: LoggedFeedback, factor: float
) -> PairedDifference | None:
    from scipy.special import ndtr

    contributions = policy.minus(baseline)
    moments = total_error(contributions, feedback).times(factor)
    if moments.standard_error == 0:
        return None
    interval = clustered_t(contributions.value, moments)
    z = normal_score(contributions.value, moments)
    result = PairedDifference(
        status=OK,
        difference=contributions.value,
        standard_error=moments.standard_error,
        low=interval.low,
        high=interval.high,
        z=z,
        p_value=float(ndtr(-z)),
    )
    errors = total_error(policy, feedback), total_error(baseline, feedback)
    if baseline.value <= 2 * errors[1].standard_error:
        return result
    above, below = (error.times(factor) for error in errors)
    ratio = fieller((policy.value, above), (baseline.value, below), moments)
    if ratio is None:
        return result
    lift = policy.value / baseline.value - 1
    return replace(result, lift=lift, lift_low=ratio.low - 1, lift_high=ratio.high - 1)


def _do_the_same(policy: TargetPolicy, baseline: TargetPolicy) -> bool:
    return np.array_equal(policy.probability, baseline.probability) and np.array_equal(
        policy.expected, baseline.expected
    )


def _estimator(
    name: str, feedback: LoggedFeedback, policy: TargetPolicy, floor: float
) -> Estimator:
    if name not in ESTIMATORS:
        raise ValueError(f"estimator: expected one of {', '.join(ESTIMATORS)}, got {name!r}")
    if not 0 < floor <= 1:
        raise ValueError(f"floor: expected a number in (0, 1], got {floor}")
    if policy.probability.size != feedback.displays:
        raise ValueError(
            f"policy: expected {feedback.displays} displays like the log,"
            f" got {policy.probability.size}"
        )
    return ESTIMATORS[name]


def _insufficient(evidence: Evidence) -> PolicyEstimate:
    return PolicyEstimate(INSUFFICIENT, None, None, None, None, None, **vars(evidence))


def averaged(found: Sequence[PairedDifference]) -> PairedDifference:
    """Return the mean of comparisons of the same policies, learned from different fold deals.

    Each number is the mean of the available ones; identical policies count as a difference of 0.
    The z of an average never varies more than that of one deal, so it is as safe to test.
    """
    usable = [one for one in found if one.status != INSUFFICIENT]
    if len(found) == 1 or not usable:
        return found[0]
    status = OK if any(one.status == OK for one in usable) else IDENTICAL
    means: dict[str, float | None] = {}
    for field in _AVERAGED:
        numbers = [value for one in usable if (value := getattr(one, field)) is not None]
        means[field] = float(np.mean(numbers)) if numbers else None
    responses = round(float(np.mean([one.disagreeing_responses for one in usable])))
    return PairedDifference(status, **means, disagreeing_responses=responses)


_AVERAGED = (
    "difference",
    "standard_error",
    "low",
    "high",
    "z",
    "p_value",
    "lift",
    "lift_low",
    "lift_high",
)
