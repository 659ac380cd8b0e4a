"""Likelihoods of the links: logit for binary outcomes, log for amounts, identity for other
amounts."""

from __future__ import annotations

import numpy as np

from scorer.arrays import Matrix, Vector

MAX_MARGIN = 30.0


def margin_of_mean(outcomes: Vector, link: str) -> float:
    """Return the margin of the mean, finite even without successes or rows."""
    total, n = float(outcomes.sum()), len(outcomes)
    if link == "identity":
        return total / max(n, 1)
    odds = (total + 0.5) / (n - total + 0.5 if link == "logit" else n + 1)
    return float(np.log(odds))


def mean_and_slope(margins: Matrix | Vector, link: str) -> tuple[Vector, Vector]:
    """Return expected outcomes at margins (n,) and their derivatives, both float64 (n,)."""
    z = np.clip(margins.astype(np.float64), -MAX_MARGIN, MAX_MARGIN)
    if link == "logit":
        p = 1 / (1 + np.exp(-z))
        return p, p * (1 - p)
    if link == "log":
        mean = np.exp(z)
        return mean, mean
    return margins.astype(np.float64), np.ones(len(z))


def losses(margins: Vector, outcomes: Vector, link: str) -> Vector:
    """Return negative log likelihoods of outcomes at margins, float64 (n,), up to a constant.

    Bernoulli (logit), Poisson (log) or normal with variance 1 (identity).
    """
    if link == "logit":
        return np.logaddexp(0, margins) - outcomes * margins
    if link == "log":
        return np.exp(np.minimum(margins, 2 * MAX_MARGIN)) - outcomes * margins
    return (outcomes - margins) ** 2 / 2
