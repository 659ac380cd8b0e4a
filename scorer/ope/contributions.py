"""Per-display contributions to an estimate, and the error that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scorer.ope.clustering import ErrorMoments, clustered_variance, error_moments
from scorer.ope.feedback import LoggedFeedback, Vector


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions to an estimate; arrays of shape (n,), in units of the reward.

    Attributes
    ----------
    rows : float array
        Their mean is the value.
    unbiased : float array, or None
        For an estimator known to be biased, the contributions of one that is not (`dr`).
    """

    rows: Vector
    unbiased: Vector | None = None

    @property
    def value(self) -> float:
        """The estimate: the mean of the rows."""
        return float(self.rows.mean())

    def scaled(self, factor: float) -> Contributions:
        """Contributions to a multiple of the estimate."""
        unbiased = None if self.unbiased is None else self.unbiased * factor
        return Contributions(self.rows * factor, unbiased)

    def minus(self, other: Contributions) -> Contributions:
        """Contributions to the difference of two estimates on the same displays."""
        if self.unbiased is None and other.unbiased is None:
            return Contributions(self.rows - other.rows)
        mine = self.rows if self.unbiased is None else self.unbiased
        theirs = other.rows if other.unbiased is None else other.unbiased
        return Contributions(self.rows - other.rows, mine - theirs)


def total_error(contributions: Contributions, feedback: LoggedFeedback) -> ErrorMoments:
    """Moments of the error of an estimate, with what is known of its bias.

    The squared standard error of a biased estimate is its variance, plus the square of its distance
    from the unbiased one, plus the variance of that distance.
    """
    moments = error_moments(contributions.rows, feedback)
    if contributions.unbiased is None:
        return moments
    lost = contributions.rows - contributions.unbiased
    squared_bias = float(lost.mean()) ** 2 + clustered_variance(lost, feedback)
    total = float(np.sqrt(moments.standard_error**2 + squared_bias))
    if total == 0:
        return moments
    skewness = moments.skewness * (moments.standard_error / total) ** 3
    return replace(moments, standard_error=total, skewness=skewness)
