"""Hierarchical crossed regression: each offer has its own weights, shrunk towards those of its kin.

The margin of offer a for a user with design row x (constant included) is

    x . w_a,    w_a = sum over kin k of a: B_k  +  D_a

Kin 0 holds every offer (the global weights); further kin are values of the characteristics in the
catalogue. D_a is the deviation of the offer. All are shrunk by ridges, one per level and group of
columns, which are normal priors with variances. The variances are learnt from the data, so a
feature that affects all offers alike costs nothing.

Notes:
-----
Newton's method on the penalised likelihood. Given the kin weights, offers are independent: their
deviations are eliminated exactly (Schur complement), which leaves one system for the kin weights.
Between the steps, variances are re-estimated by the fixed point of MacKay, ``sum of squares /
number of well-determined weights``, with a weak prior.

References:
----------
D. MacKay (1992), Bayesian interpolation (evidence updates of ridge variances). N. Breslow and
D. Clayton (1993), Approximate inference in generalized linear mixed models (the same for
non-normal outcomes, by working weights).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Codes, Matrix, Vector

STEPS = 12
GLOBAL_VARIANCE = 0.5
# Variances start high, because they grow slowly, and shrink towards a small value.
_START_VARIANCE = 0.05
_PRIOR_VARIANCE = 0.004
_PRIOR_WEIGHT = 2.0
_VARIANCE_BOUNDS = (1e-6, 4.0)
_INTERCEPT_VARIANCE = 0.1
_MAX_MARGIN = 30.0
_MAX_KIN_WEIGHTS = 1500


@dataclass(frozen=True)
class CrossedData:
    """What to fit on.

    Attributes
    ----------
    design : float32 (n, p), column 0 constant.
    groups : int64 (p,), group of each column; 0 for the constant.
    offers : int64 (n,), offer codes 0..n_offers-1.
    outcomes : float64 (n,), in {0, 1} for logit, non-negative for log.
    kin : float64 (n_offers, q), 1 where the offer belongs to the kin; column 0 all ones.
    link : logit, log or identity.
    """

    design: Matrix
    groups: Codes
    offers: Codes
    outcomes: Vector
    kin: Vector
    link: str


@dataclass(frozen=True)
class CrossedWeights:
    """Fitted weights: ``offers`` float64 (n_offers, p), kin included; ``kin`` float64 (q, p)."""

    offers: Vector
    kin: Vector


def fit_crossed(data: CrossedData, steps: int = STEPS) -> CrossedWeights:
    """Fit by Newton steps with learnt variances. The result is deterministic."""
    return _Fit(data).run(steps)


class _Fit:
    """State of a fit: rows sorted by offer, weights and variances."""

    def __init__(self, data: CrossedData) -> None:
        order = np.argsort(data.offers, kind="stable")
        self.x = np.ascontiguousarray(data.design[order])
        self.y = data.outcomes[order]
        self.link = data.link
        self.groups = data.groups
        n_offers, p = data.kin.shape[0], self.x.shape[1]
        self.bounds = np.searchsorted(data.offers[order], np.arange(n_offers + 1))
        self.kin = data.kin[:, : max(1, _MAX_KIN_WEIGHTS // p)]
        self.border = np.zeros((self.kin.shape[1], p))
        self.border[0, 0] = _start(self.y, self.link)
        self.deviations = np.zeros((n_offers, p))
        n_groups = int(data.groups.max()) + 1
        start = np.full(n_groups, _START_VARIANCE)
        start[0] = _INTERCEPT_VARIANCE
        self.prior = np.where(start == _START_VARIANCE, _PRIOR_VARIANCE, start)
        self.kin_variance = np.tile(start, (self.kin.shape[1], 1))
        self.kin_variance[0] = GLOBAL_VARIANCE
        self.kin_variance[0, 0] = 1e6
        self.variance = start.copy()

    def run(self, steps: int) -> CrossedWeights:
        for step in range(steps):
            hessians, gradients = self._curvature()
            self._newton(hessians, gradients, learn=step < steps - 2)
        return CrossedWeights(self.kin @ self.border + self.deviations, self.border)

    def _curvature(self) -> tuple[Vector, Vector]:
        """Hessian (n_offers, p, p) and gradient (n_offers, p) of the log likelihood by offer."""
        weights = self.kin @ self.border + self.deviations
        n_offers, p = weights.shape
        hessians, gradients = np.zeros((n_offers, p, p)), np.zeros((n_offers, p))
        dispersion = self._dispersion(weights)
        for a in range(n_offers):
            rows = slice(self.bounds[a], self.bounds[a + 1])
            x = self.x[rows]
            if not len(x):
                continue
            mean, curvature = mean_and_slope(x @ weights[a].astype(np.float32), self.link)
            residual = (self.y[rows] - mean).astype(np.float32)
            gradients[a] = (x.T @ residual) / dispersion
            scaled = x * curvature.astype(np.float32)[:, None]
            hessians[a] = (x.T @ scaled) / dispersion
        return hessians, gradients

    def _dispersion(self, weights: Vector) -> float:
        """Residual variance (identity) or Pearson dispersion (log); 1 for logit."""
        if self.link == "logit":
            return 1.0
        total = 0.0
        for a in range(len(weights)):
            rows = slice(self.bounds[a], self.bounds[a + 1])
            margins = self.x[rows] @ weights[a].astype(np.float32)
            mean, curvature = mean_and_slope(margins, self.link)
            total += float((((self.y[rows] - mean) ** 2) / np.maximum(curvature, 1e-9)).sum())
        return max(total / max(len(self.y), 1), 1e-12)

    def _newton(self, hessians: Vector, gradients: Vector, learn: bool) -> None:
        """Take one exact joint Newton step of all weights, then update the variances."""
        n_offers, p = gradients.shape
        q = len(self.border)
        precision = 1 / self.variance[self.groups]
        inverses = np.linalg.inv(hessians + np.diag(precision))
        own = gradients - precision * self.deviations
        gain = np.matmul(hessians, inverses)
        reduced = hessians - np.matmul(gain, hessians)
        pull = gradients - np.einsum("aij,aj->ai", gain, own)
        system = np.zeros((q, p, q, p))
        target = self.kin.T @ pull
        for a in range(n_offers):
            members = np.flatnonzero(self.kin[a])
            for k in members:
                for m in members:
                    system[k, :, m, :] += self.kin[a, k] * self.kin[a, m] * reduced[a]
        kin_precision = 1 / self.kin_variance[:, self.groups]
        target -= kin_precision * self.border
        flat = system.reshape(q * p, q * p) + np.diag(kin_precision.ravel())
        border_step = np.linalg.solve(flat, target.ravel()).reshape(q, p)
        moved = self.kin @ border_step
        step = np.einsum("aij,aj->ai", inverses, own - np.einsum("aij,aj->ai", hessians, moved))
        self.border += border_step
        self.deviations += step
        if learn:
            spread = np.diagonal(inverses, axis1=1, axis2=2)
            self.variance = self._learnt(self.deviations, spread, self.variance)
            if q > 1:
                kin_spread = np.diag(np.linalg.inv(flat)).reshape(q, p)
                self.kin_variance[1:] = self._learnt(
                    self.border[1:], kin_spread[1:], self.kin_variance[1]
                )

    def _learnt(self, weights: Vector, spread: Vector, variance: Vector) -> Vector:
        """Variance of each group of columns from weights and their posterior variance, (m, p)."""
        determined = np.clip(1 - spread / variance[self.groups], 0, 1)
        size = len(variance)
        squares = np.bincount(self.groups, (weights**2).sum(axis=0), size)
        count = np.bincount(self.groups, determined.sum(axis=0), size)
        learnt = (squares + _PRIOR_WEIGHT * self.prior) / (count + _PRIOR_WEIGHT)
        return np.clip(learnt, *_VARIANCE_BOUNDS)


def _start(outcomes: Vector, link: str) -> float:
    """Margin of the mean, finite even without successes or rows."""
    total, n = float(outcomes.sum()), len(outcomes)
    if link == "identity":
        return total / max(n, 1)
    odds = (total + 0.5) / (n - total + 0.5 if link == "logit" else n + 1)
    return float(np.log(odds))


def mean_and_slope(margins: Matrix, link: str) -> tuple[Vector, Vector]:
    """Expected outcomes at margins (n,) and their derivatives, both float64 (n,)."""
    z = np.clip(margins.astype(np.float64), -_MAX_MARGIN, _MAX_MARGIN)
    if link == "logit":
        p = 1 / (1 + np.exp(-z))
        return p, p * (1 - p)
    if link == "log":
        mean = np.exp(z)
        return mean, mean
    return margins.astype(np.float64), np.ones(len(z))
