"""Optimistic shrinkage of importance weights, and the choice of its strength.

Reference: Y. Su, M. Dimakopoulou, A. Krishnamurthy, M. Dudik (2020). Doubly robust off-policy
evaluation with shrinkage. ICML.
"""

from __future__ import annotations

import numpy as np

from scorer.arrays import Vector
from scorer.ope.clustering import clustered_variance
from scorer.ope.contributions import Contributions
from scorer.ope.feedback import LoggedFeedback

GRID_SIZE = 12
_BOUND = float(np.sqrt(2 * np.log(2 / 0.05)))


def shrunk(plain: Contributions, strength: float) -> Contributions:
    """Return doubly robust contributions with shrunk weights.

    Parameters
    ----------
    plain : Contributions
        Contributions of `dr`: shares u = w / mean(w), residuals with mean(u residual) = 0.
    strength : float, above 0
        The paper's lambda: u becomes lambda u / (u^2 + lambda).

    Returns
    -------
    Contributions with `plain` as their unbiased counterpart. The term with u - 1 has mean 0: it is
    the influence of the mean weight, which is estimated too.
    """
    share, residual = plain.share, plain.residual
    squares = share * share
    smaller = strength * share / (squares + strength)
    slope = (strength - squares) / (squares + strength)
    influence = float((smaller * slope * residual).mean())
    return Contributions(plain.base - (share - 1) * influence, smaller, residual, plain)


def choose_strength(plain: Contributions, feedback: LoggedFeedback) -> float | None:
    """Return the strength with the smallest bound on the squared error; None if none helps.

    Section 5 of the paper: sample variance plus the squared upper bound of the bias, over a grid
    from a hundredth of the 5 % quantile to a hundred times the 95 % quantile of squared weights.
    The bias is the mean of (unshrunk - shrunk) contributions. In place of the paper's Bernstein
    bound, which needs the range of rewards, sqrt(2 log(2 / 0.05)) clustered standard errors of that
    mean are added. Without such a bound, an unobserved bias would count as zero.
    """
    best, least = None, clustered_variance(plain.rows, feedback)
    for strength in _grid(plain.share):
        rows = shrunk(plain, strength).rows
        lost = plain.rows - rows
        bias = abs(float(lost.mean())) + _BOUND * float(np.sqrt(clustered_variance(lost, feedback)))
        squared = clustered_variance(rows, feedback) + bias**2
        if squared < least:
            best, least = float(strength), squared
    return best


def _grid(share: Vector) -> Vector:
    positive = share[share > 0]
    if positive.size == 0 or np.ptp(positive) <= 1e-9 * positive.max():
        return np.empty(0)
    low, high = np.quantile(positive, [0.05, 0.95]) ** 2
    return np.geomspace(0.01 * low, 100 * high, GRID_SIZE)
