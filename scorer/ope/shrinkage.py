"""Optimistic shrinkage of importance weights and the choice of how much."""

from __future__ import annotations

import numpy as np

from scorer.ope.clustering import error_moments
from scorer.ope.feedback import LoggedFeedback, Vector

GRID_SIZE = 12
_BIAS_BOUND = np.sqrt(2 * np.log(2 / 0.05))


def shrink(share: Vector, residual: Vector, expected: Vector, feedback: LoggedFeedback) -> Vector:
    """Per-display corrections of the direct method with the best of a grid of shrinkages.

    Parameters
    ----------
    share : float array of shape (n,), mean 1: weights divided by their mean
    residual : float array of shape (n,): reward minus the model's expected reward
    expected : float array of shape (n,): contributions of the direct method
    feedback : the log, for its clusters

    Returns
    -------
    float array of shape (n,); its mean is the correction, no shrinkage being one candidate.

    References
    ----------
    Su et al. (2020), section 5: the least sum of sample variance and squared upper bound of the
    bias. The bias is estimated by the mean of (unshrunk - shrunk) corrections. To it is added a
    Gaussian form of their Bernstein bound: its clustered standard error times
    sqrt(2 log(2 / 0.05)). Without it a bias that is only unseen would pass for none.
    """
    unshrunk = _linearised(share, share, np.ones_like(share), residual)
    best, least = unshrunk, error_moments(expected + unshrunk, feedback).standard_error ** 2
    for strength in _grid(share):
        weight = strength * share / (share**2 + strength)
        slope = strength * (strength - share**2) / (share**2 + strength) ** 2
        candidate = _linearised(share, weight, slope, residual)
        error = squared_error_bound(candidate, unshrunk, expected, feedback)
        if error < least:
            best, least = candidate, error
    return best


def squared_error_bound(
    candidate: Vector, unshrunk: Vector, expected: Vector, feedback: LoggedFeedback
) -> float:
    """Estimated variance plus the squared upper bound of the bias of a candidate correction."""
    lost = unshrunk - candidate
    bias = abs(float(lost.mean())) + _BIAS_BOUND * error_moments(lost, feedback).standard_error
    return error_moments(expected + candidate, feedback).standard_error ** 2 + bias**2


def _linearised(share: Vector, weight: Vector, slope: Vector, residual: Vector) -> Vector:
    """Corrections with the influence of the estimated mean weight, through which share goes."""
    through_mean = float((share * slope * residual).mean())
    return weight * residual - (share - 1) * through_mean


def _grid(share: Vector) -> Vector:
    positive = share[share > 0]
    if positive.size == 0 or np.ptp(positive) <= 1e-9 * positive.max():
        return np.empty(0)
    low, high = np.quantile(positive, [0.05, 0.95]) ** 2
    return np.geomspace(0.01 * low, 100 * high, GRID_SIZE)
