"""Optimistic shrinkage of importance weights, and the choice of how much.

Reference: Y. Su, M. Dimakopoulou, A. Krishnamurthy, M. Dudik (2020). Doubly robust off-policy
evaluation with shrinkage. ICML.
"""

from __future__ import annotations

import numpy as np

from scorer.ope.clustering import clustered_variance
from scorer.ope.feedback import LoggedFeedback, Vector

GRID_SIZE = 12
_BOUND = float(np.sqrt(2 * np.log(2 / 0.05)))


def correction(share: Vector, residual: Vector, strength: float | None = None) -> Vector:
    """What the doubly robust estimate adds to the direct method, per display.

    Parameters
    ----------
    share : float array of shape (n,)
        Weights divided by their mean.
    residual : float array of shape (n,)
        Reward minus the model's expected reward of the logged offer.
    strength : float, optional
        The paper's lambda: u becomes lambda u / (u^2 + lambda). None leaves weights as they are.

    Returns
    -------
    float array of shape (n,). The last term has mean 0: it is the influence of the mean weight,
    which is estimated too.
    """
    if strength is None:
        weighted = share * residual
        return weighted - (share - 1) * weighted.mean()
    squares = share * share
    weighted = strength * share / (squares + strength) * residual
    influence = float((weighted * ((strength - squares) / (squares + strength))).mean())
    return weighted - (share - 1) * influence


def choose_strength(
    share: Vector, residual: Vector, expected: Vector, feedback: LoggedFeedback
) -> float | None:
    """The strength with the least bound of the squared error; None where not to shrink is best.

    Section 5 of the paper: sample variance plus the squared upper bound of the bias, over a grid
    from a hundredth of the 5 % quantile to a hundred times the 95 % quantile of squared weights.
    The bias is the mean of (unshrunk - shrunk) corrections. In place of the paper's Bernstein
    bound, which needs the range of rewards, sqrt(2 log(2 / 0.05)) clustered standard errors of that
    mean are added. Without such a bound, a bias that is merely unseen would pass for none.
    """
    unshrunk = correction(share, residual)
    best, least = None, clustered_variance(expected + unshrunk, feedback)
    for strength in _grid(share):
        shrunk = correction(share, residual, strength)
        lost = unshrunk - shrunk
        bias = abs(float(lost.mean())) + _BOUND * float(np.sqrt(clustered_variance(lost, feedback)))
        squared = clustered_variance(expected + shrunk, feedback) + bias**2
        if squared < least:
            best, least = float(strength), squared
    return best


def _grid(share: Vector) -> Vector:
    positive = share[share > 0]
    if positive.size == 0 or np.ptp(positive) <= 1e-9 * positive.max():
        return np.empty(0)
    low, high = np.quantile(positive, [0.05, 0.95]) ** 2
    return np.geomspace(0.01 * low, 100 * high, GRID_SIZE)
