"""Sums over profiles and the moments of an estimate's error that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.ope.feedback import LoggedFeedback, Vector


@dataclass(frozen=True)
class ErrorMoments:
    """Moments of the error of a mean of clustered rows.

    Attributes
    ----------
    standard_error : float, in units of the rows
    skewness : float
        Skewness of the mean itself (that of one profile divided by the root of their number).
    degrees_of_freedom : float
        How many independent equal squares the variance estimate is worth, at least 1.
    """

    standard_error: float
    skewness: float
    degrees_of_freedom: float


def clustered_variance(rows: Vector, feedback: LoggedFeedback) -> float:
    """Estimated variance of `rows.mean()`, rows of shape (n,), clustered by profile."""
    n_profiles = feedback.n_profiles
    if n_profiles < 2:
        return 0.0
    sums = np.bincount(feedback.profiles, weights=rows - rows.mean())
    return float(sums @ sums) * n_profiles / (n_profiles - 1) / rows.size**2


def error_moments(rows: Vector, feedback: LoggedFeedback) -> ErrorMoments:
    """Moments of the error of `rows.mean()`, rows of shape (n,), clustered by profile.

    With D the deviations from the mean summed over each of C profiles, variance and skewness of the
    mean are those of sum(D) / n. The variance estimate is a mean of squares of D; Satterthwaite's
    degrees of freedom, 2 C / (kurtosis - 1), say how reliable it is.

    References
    ----------
    K.-Y. Liang, S. Zeger (1986). Longitudinal data analysis using generalized linear models.
    Biometrika 73. F. Satterthwaite (1946). An approximate distribution of estimates of variance
    components. Biometrics Bulletin 2.
    """
    n_profiles = feedback.n_profiles
    sums = np.bincount(feedback.profiles, weights=rows - rows.mean())
    squares = sums * sums
    second = float(squares.sum())
    if n_profiles < 2 or second <= _rounding(rows) ** 2 * rows.size:
        return ErrorMoments(0.0, 0.0, 1.0)
    variance = second * n_profiles / (n_profiles - 1) / rows.size**2
    skewness = float(squares @ sums) / second**1.5
    kurtosis = n_profiles * float(squares @ squares) / second**2
    freedom = min(2 * n_profiles / max(kurtosis - 1, 1e-9), n_profiles - 1)
    return ErrorMoments(float(np.sqrt(variance)), skewness, max(freedom, 1.0))


def _rounding(rows: Vector) -> float:
    return 1e-12 * float(np.abs(rows).max(initial=0.0))
