"""Intervals of 95 % for the mean of clustered, skewed contributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.ope.clustering import ErrorMoments

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Bounds in units of the estimate, and the name of the method that made them."""

    low: float
    high: float
    method: str


def skew_corrected(value: float, moments: ErrorMoments) -> Interval:
    """Interval for a value whose error is skewed: Hall's transformation with t quantiles.

    References
    ----------
    P. Hall (1992). On the removal of skewness by transformation. JRSS B 54, formula (2.2).
    """
    from scipy.special import stdtrit

    quantile = float(stdtrit(moments.degrees_of_freedom, 0.5 + LEVEL / 2))
    return Interval(
        low=value - moments.standard_error * untransform(quantile, moments.skewness),
        high=value - moments.standard_error * untransform(-quantile, moments.skewness),
        method="skew_corrected_t",
    )


def untransform(x: float, skewness: float) -> float:
    """The studentised error at which Hall's transformation of it equals x."""
    if abs(skewness) < 1e-9:
        return x
    return float(3 / skewness * (np.cbrt(1 + skewness * (x - skewness / 6)) - 1))


def transform(t: float, skewness: float) -> float:
    """Hall's monotone transformation of a studentised error; close to normal when t is skewed."""
    return t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6
