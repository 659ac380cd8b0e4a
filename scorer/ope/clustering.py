"""Moments of the error of an estimate, from sums over profiles and from the weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scorer.arrays import Vector
from scorer.ope.contributions import Contributions
from scorer.ope.feedback import LoggedFeedback


@dataclass(frozen=True)
class ErrorMoments:
    """Moments of the error of an estimate.

    Attributes
    ----------
    standard_error : float, in units of the estimate
    skewness : float
        Skewness of the estimate's distribution.
    degrees_of_freedom : float
        Independent equal squares with the precision of the clustered variance, at least 1.
    profiles : int
        Number of distinct profiles.
    """

    standard_error: float
    skewness: float
    degrees_of_freedom: float
    profiles: int

    def times(self, factor: float) -> ErrorMoments:
        """Return the moments with the standard error multiplied by a factor."""
        return replace(self, standard_error=factor * self.standard_error)


def clustered_variance(rows: Vector, feedback: LoggedFeedback) -> float:
    """Return the estimated variance of `rows.mean()`, clustered by profile; rows of shape (n,)."""
    n_profiles = feedback.n_profiles
    if n_profiles < 2:
        return 0.0
    sums = np.bincount(feedback.profiles, weights=rows - rows.mean())
    return float(sums @ sums) * n_profiles / (n_profiles - 1) / rows.size**2


def error_moments(contributions: Contributions, feedback: LoggedFeedback) -> ErrorMoments:
    """Return the moments of the error of an estimate, from two views of its contributions.

    The clustered view sums the deviations within each of C profiles. It needs no assumption, but a
    few displays of large weight dominate it, and if none of them had a response it is too small.
    The smoothed view replaces the squared residual of each display by the weighted mean of all, so
    it accounts for large weights without responses; it is biased when residuals grow with weights.
    It is multiplied by the ratio of clustered to unclustered squares. The variance is the mean of
    the smoothed one and the larger of the two; the third moment is the clustered one.

    References
    ----------
    K.-Y. Liang, S. Zeger (1986). Longitudinal data analysis using generalized linear models.
    Biometrika 73 (clustered). L. Kish (1965). Survey sampling. Wiley (smoothed: the variance of a
    display over the effective sample size, times a design effect). F. Satterthwaite (1946). An
    approximate distribution of estimates of variance components. Biometrics Bulletin 2 (degrees
    of freedom, 2 C / (kurtosis - 1)).
    """
    rows, n_profiles = contributions.rows, feedback.n_profiles
    deviations = rows - rows.mean()
    alone = float(deviations @ deviations)
    if n_profiles < 2 or alone <= rows.size * (1e-12 * float(np.abs(rows).max())) ** 2:
        return ErrorMoments(0.0, 0.0, 1.0, n_profiles)
    sums = np.bincount(feedback.profiles, weights=deviations)
    squares = sums * sums
    second, third = float(squares.sum()), float(squares @ sums)
    smooth = smoothed_squares(contributions) * second / alone
    combined = smooth + max(second - smooth, 0.0) / 2
    variance = combined * n_profiles / (n_profiles - 1) / rows.size**2
    kurtosis = n_profiles * float(squares @ squares) / second**2
    freedom = min(2 * n_profiles / max(kurtosis - 1, 1e-9), n_profiles - 1)
    return ErrorMoments(
        standard_error=float(np.sqrt(variance)),
        skewness=third / combined**1.5,
        degrees_of_freedom=max(freedom, 1.0),
        profiles=n_profiles,
    )


def total_error(contributions: Contributions, feedback: LoggedFeedback) -> ErrorMoments:
    """Return the moments of the error of an estimate, including its estimated bias.

    The squared standard error of a biased estimate is its variance, plus the square of its distance
    from the unbiased one, plus the variance of that distance.
    """
    moments = error_moments(contributions, feedback)
    if contributions.unbiased is None:
        return moments
    lost = contributions.rows - contributions.unbiased.rows
    squared_bias = float(lost.mean()) ** 2 + clustered_variance(lost, feedback)
    total = float(np.sqrt(moments.standard_error**2 + squared_bias))
    if total == 0:
        return moments
    skewness = moments.skewness * (moments.standard_error / total) ** 3
    return replace(moments, standard_error=total, skewness=skewness)


def smoothed_squares(contributions: Contributions) -> float:
    """Sum of squared deviations, with the weighted mean of squared residuals at every display."""
    share, residual = contributions.share, contributions.residual
    size = np.abs(share)
    total = float(size.sum())
    base = contributions.base - contributions.value
    certain = float(base @ (base + 2 * share * residual))
    if total == 0:
        return max(certain, 0.0)
    square = float(size @ (residual * residual)) / total
    return max(float(share @ share) * square + certain, 0.0)
