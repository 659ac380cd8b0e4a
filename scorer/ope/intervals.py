"""Intervals of 95 % for values and differences whose errors are clustered and skewed.

Each kind of estimate has its method:

    clopper_pearson_mid_p  a value of two-valued rewards with under 100 degrees of freedom
    skew_corrected_t       any other value
    clustered_t            a difference between two policies, where skewness mostly cancels
    fieller                their ratio: all ratios at which the difference is not significant

All quantiles are t quantiles: with the degrees of freedom of the clustered variance where the error
is corrected for skewness, else with the number of profiles minus one.
`benchmarks/coverage.py` measures all of this; plain normal intervals cover 81 to 95 % there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.ope.clustering import ErrorMoments

LEVEL = 0.95
FEW_DEGREES_OF_FREEDOM = 100.0


@dataclass(frozen=True)
class Interval:
    """Bounds in units of the estimate, and the name of the method."""

    low: float
    high: float
    method: str


def value_interval(
    value: float, moments: ErrorMoments, levels: tuple[float, float] | None
) -> Interval:
    """Return the interval of a policy value; `levels`: both values of a two-valued reward.

    A hundred degrees of freedom correspond to about fifty responses of equal weight.
    """
    if levels is not None and moments.degrees_of_freedom < FEW_DEGREES_OF_FREEDOM:
        low, high = levels
        if low < value < high:
            return clopper_pearson(value, moments, levels)
    return skew_corrected(value, moments)


def clopper_pearson(value: float, moments: ErrorMoments, levels: tuple[float, float]) -> Interval:
    """Return the binomial interval for the number of displays with the same standard error.

    The share p of the upper level has p (1 - p) / se^2 effective displays, reduced by (normal
    quantile / t quantile)^2, which matters only with few profiles. Half of the observed count
    belongs to each tail (mid-P): the full Clopper-Pearson interval covers 96 to 98 %. As
    effective counts are not integers, the beta quantiles get half a success.

    References
    ----------
    C. Clopper, E. Pearson (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26. E. Korn, B. Graubard (1998). Confidence intervals for
    proportions with small expected number of positive counts estimated from survey data. Survey
    Methodology 24. L. Brown, T. Cai, A. DasGupta (2001). Interval estimation for a binomial
    proportion. Statistical Science 16, section 4.1.2 (half a success as mid-P).
    """
    from scipy.special import betaincinv, ndtri

    low, high = levels
    share = (value - low) / (high - low)
    error = moments.standard_error / (high - low)
    shortage = float(ndtri(0.5 + LEVEL / 2)) / _t_quantile(moments.profiles - 1)
    displays = share * (1 - share) / error**2 * shortage**2
    tails = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    bounds = betaincinv(displays * share + 0.5, displays * (1 - share) + 0.5, tails)
    first, last = low + (high - low) * bounds
    return Interval(float(first), float(last), "clopper_pearson_mid_p")


def skew_corrected(value: float, moments: ErrorMoments) -> Interval:
    """Return the interval for a skewed error: t quantiles, inverting Hall's transformation.

    The transformation makes a studentised mean symmetric to second order; its cubic form is
    monotone, so the interval always exists and follows shifts and changes of scale.

    References
    ----------
    P. Hall (1992). On the removal of skewness by transformation. Journal of the Royal Statistical
    Society B 54.
    """
    quantile = _t_quantile(moments.degrees_of_freedom)
    return Interval(
        low=value - moments.standard_error * _studentised(quantile, moments.skewness),
        high=value - moments.standard_error * _studentised(-quantile, moments.skewness),
        method="skew_corrected_t",
    )


def clustered_t(value: float, moments: ErrorMoments) -> Interval:
    """Return the symmetric interval with the t quantile for the number of profiles."""
    half_width = _t_quantile(moments.profiles - 1) * moments.standard_error
    return Interval(value - half_width, value + half_width, "clustered_t")


def fieller(
    numerator: tuple[float, ErrorMoments],
    denominator: tuple[float, ErrorMoments],
    difference: ErrorMoments,
) -> Interval | None:
    """Return the interval of a ratio of paired estimates: ratios without significant difference.

    Parameters
    ----------
    numerator, denominator : (value, error)
    difference : the error of numerator - denominator, which determines their covariance

    Returns
    -------
    Interval, or None where the denominator does not differ significantly from 0. The interval lies
    above 1 exactly when the interval of the difference lies above 0.

    References
    ----------
    E. Fieller (1954). Some problems in interval estimation. JRSS B 16.
    """
    (above, above_error), (below, below_error) = numerator, denominator
    square = _t_quantile(difference.profiles - 1) ** 2
    first, second = square * above_error.standard_error**2, square * below_error.standard_error**2
    common = (first + second - square * difference.standard_error**2) / 2
    leading, middle, last = below**2 - second, above * below - common, above**2 - first
    if leading <= 0:
        return None
    root = float(np.sqrt(max(middle**2 - leading * last, 0.0)))
    return Interval((middle - root) / leading, (middle + root) / leading, "fieller")


def normal_score(value: float, moments: ErrorMoments) -> float:
    """Return the one-sided evidence that the true value is above 0, on the normal scale.

    It is the normal quantile whose tail equals that of value / standard error under t.
    """
    from scipy.special import ndtri, stdtr

    # Beyond 37 standard errors the tail is 0 in floating point and the score would be infinite.
    tail = max(stdtr(moments.profiles - 1, -abs(value) / moments.standard_error), 1e-300)
    return float(-np.sign(value) * ndtri(tail))


def _t_quantile(degrees_of_freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, 0.5 + LEVEL / 2))


def _studentised(x: float, skewness: float) -> float:
    """Return the studentised error that Hall's transformation maps to x."""
    if abs(skewness) < 1e-9:
        return x
    return float(3 / skewness * (np.cbrt(1 + skewness * (x - skewness / 6)) - 1))
