"""Measures of scores on held-out displays, one function each.

References:
----------
Gini, binary: 2 x ROC AUC - 1. Gini, continuous: 1 - 2 x (area under the Lorenz curve of
cumulative true value, ordered by prediction). AUC: Mann-Whitney U / (n1 x n0), ties by mid-rank.
"""

from __future__ import annotations

import numpy as np

from scorer.arrays import Vector

_EPSILON = 1e-7


def log_loss(outcomes: Vector, probabilities: Vector) -> float:
    """Mean negative log likelihood in nats of outcomes in {0, 1}, both of shape (n,)."""
    p = np.clip(probabilities, _EPSILON, 1 - _EPSILON)
    return float(-np.mean(outcomes * np.log(p) + (1 - outcomes) * np.log1p(-p)))


def rmse(outcomes: Vector, predictions: Vector) -> float:
    """Root mean squared error, in the unit of the outcome."""
    return float(np.sqrt(np.mean((outcomes - predictions) ** 2)))


def auc(outcomes: Vector, scores: Vector) -> float | None:
    """ROC AUC of outcomes in {0, 1}; None if only one class is present."""
    positive = outcomes > 0
    n_positive, n = int(positive.sum()), outcomes.size
    if n_positive in (0, n):
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mid_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = mid_ranks[inverse][positive].sum()
    n_negative = n - n_positive
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def lorenz_gini(values: Vector, predictions: Vector) -> float | None:
    """Gini of non-negative true values ordered by prediction; None if their sum is not positive.

    Equal predictions share their values evenly, so the result does not depend on row order.
    """
    total = values.sum()
    if total <= 0 or values.size < 2:
        return None
    _, inverse, counts = np.unique(predictions, return_inverse=True, return_counts=True)
    sums = np.bincount(inverse, weights=values)
    population = np.concatenate([[0.0], np.cumsum(counts) / values.size])
    captured = np.concatenate([[0.0], np.cumsum(sums) / total])
    return float(1 - 2 * np.trapezoid(captured, population))
