"""Value of a policy, and the paired difference of two policies, on the same logged displays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scorer.ope import intervals
from scorer.ope.clustering import ErrorMoments, error_moments
from scorer.ope.diagnostics import MINIMUM_RESPONSES, Evidence, measure_evidence
from scorer.ope.estimators import ESTIMATORS, FLOOR, Contributions, Estimator, importance_weights
from scorer.ope.feedback import LoggedFeedback, TargetPolicy

OK, INSUFFICIENT, IDENTICAL = "ok", "insufficient", "identical"


@dataclass(frozen=True)
class PolicyEstimate:
    """Estimated reward per display of a policy.

    `status` is ok or insufficient; then value, standard_error, low, high and interval_method are
    None. Rewards give the units of the first four. The evidence is always there.
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

    `status` is ok, insufficient (no number is given) or identical (the two do the same everywhere:
    difference, standard error, z and lift are 0, there is no interval). `z` is one-sided on the
    normal scale, with `p_value` = 1 - Phi(z) for "the policy is not better". `lift` is
    value / baseline - 1, None where the baseline is not credibly above 0.
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
    feedback : the log, n displays
    policy : what the policy would have done at the same n displays
    estimator : a name in `ESTIMATORS`
    floor : propensities below it count as it, which bounds weights by 1 / floor

    Raises
    ------
    ValueError
        An unknown estimator, or arrays of different lengths.
    """
    contribute = _estimator(estimator, feedback, policy)
    weight = importance_weights(feedback, policy, floor)
    evidence = measure_evidence(feedback, policy, weight, floor)
    if not evidence.is_sufficient:
        return _insufficient(evidence)
    contributions = contribute(feedback, policy, weight)
    moments = _with_bias(error_moments(contributions.rows, feedback), contributions.bias)
    if moments.standard_error == 0:
        return _insufficient(evidence)
    interval = intervals.skew_corrected(contributions.value, moments)
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
) -> PairedDifference:
    """Compare a policy with a baseline display by display; arguments as for `evaluate`."""
    contribute = _estimator(estimator, feedback, policy)
    _estimator(estimator, feedback, baseline)
    if _do_the_same(policy, baseline):
        return PairedDifference(IDENTICAL, 0.0, 0.0, None, None, 0.0, 0.5, 0.0)
    differs = policy.probability != baseline.probability
    responses = int(np.count_nonzero(differs & (feedback.reward != 0)))
    sides = []
    for side in (policy, baseline):
        weight = importance_weights(feedback, side, floor)
        if not measure_evidence(feedback, side, weight, floor).is_sufficient:
            return PairedDifference(INSUFFICIENT, disagreeing_responses=responses)
        sides.append(contribute(feedback, side, weight))
    moments = _moments(sides[0].minus(sides[1]), feedback)
    if responses < MINIMUM_RESPONSES or moments.standard_error == 0:
        return PairedDifference(INSUFFICIENT, disagreeing_responses=responses)
    result = _difference(sides[0].value - sides[1].value, moments, responses)
    return _with_lift(result, sides[0], sides[1], feedback)


def _difference(difference: float, moments: ErrorMoments, responses: int) -> PairedDifference:
    from scipy.special import ndtr, ndtri, stdtr

    interval = intervals.skew_corrected(difference, moments)
    raw = difference / moments.standard_error
    corrected = intervals.transform(raw, moments.skewness)
    z = min(raw, float(ndtri(stdtr(moments.degrees_of_freedom, corrected))))
    return PairedDifference(
        status=OK,
        difference=difference,
        standard_error=moments.standard_error,
        low=interval.low,
        high=interval.high,
        z=z,
        p_value=float(ndtr(-z)),
        disagreeing_responses=responses,
    )


def _with_lift(
    result: PairedDifference,
    policy: Contributions,
    baseline: Contributions,
    feedback: LoggedFeedback,
) -> PairedDifference:
    """Lift with an interval from the delta method on the log of the ratio."""
    value, base = policy.value, baseline.value
    error = _moments(baseline, feedback).standard_error
    if base <= 1.96 * error or value <= 0:
        return result
    ratio = Contributions(
        policy.rows / value - baseline.rows / base, policy.bias / value - baseline.bias / base
    )
    interval = intervals.skew_corrected(float(np.log(value / base)), _moments(ratio, feedback))
    return replace(
        result,
        lift=value / base - 1,
        lift_low=float(np.expm1(interval.low)),
        lift_high=float(np.expm1(interval.high)),
    )


def _moments(contributions: Contributions, feedback: LoggedFeedback) -> ErrorMoments:
    return _with_bias(error_moments(contributions.rows, feedback), contributions.bias)


def _with_bias(moments: ErrorMoments, bias: float) -> ErrorMoments:
    """The error of a biased estimate: the root of its variance plus its squared bias."""
    if bias == 0:
        return moments
    total = float(np.hypot(moments.standard_error, bias))
    skewness = moments.skewness * (moments.standard_error / total) ** 3
    return replace(moments, standard_error=total, skewness=skewness)


def _do_the_same(policy: TargetPolicy, baseline: TargetPolicy) -> bool:
    return bool(
        np.array_equal(policy.probability, baseline.probability)
        and np.array_equal(policy.expected, baseline.expected)
    )


def _estimator(name: str, feedback: LoggedFeedback, policy: TargetPolicy) -> Estimator:
    if name not in ESTIMATORS:
        raise ValueError(f"estimator: expected one of {', '.join(ESTIMATORS)}, got {name!r}")
    if policy.probability.size != feedback.displays:
        raise ValueError(
            f"policy: expected {feedback.displays} displays like the log,"
            f" got {policy.probability.size}"
        )
    return ESTIMATORS[name]


def _insufficient(evidence: Evidence) -> PolicyEstimate:
    return PolicyEstimate(INSUFFICIENT, None, None, None, None, None, **vars(evidence))
