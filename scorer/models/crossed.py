"""Hierarchical crossed regression: each offer has its own weights, shrunk towards the weights of
its kin.

The margin of offer a for a user with design row x (constant included) is

    x . w_a,    w_a = sum over kin k of a: B_k  +  D_a

Kin 0 holds every offer (the global weights); further kin are values of the characteristics in the
catalogue. D_a is the deviation of the offer. All are shrunk by ridges, one per level and group of
columns, which are normal priors with variances. The variances are learnt from the data, so a
feature that affects all offers alike costs nothing.

Notes:
-----
Newton's method on the penalised likelihood; a step that would lower it is halved. Given the kin
weights, offers are independent: their deviations are eliminated exactly (Schur complement), which
leaves one system for the kin weights.
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
from scorer.models.likelihoods import losses, margin_of_mean, mean_and_slope

STEPS = 12
GLOBAL_VARIANCE = 0.5
# Variances start high, because they grow slowly, and shrink towards a small value.
_START_VARIANCE = 0.05
_PRIOR_VARIANCE = 0.004
_PRIOR_WEIGHT = 2.0
_VARIANCE_BOUNDS = (1e-6, 4.0)
_INTERCEPT_VARIANCE = 0.1
_MAX_KIN_WEIGHTS = 1500
# Further steps after the variances are learnt, at most, and halvings of one step.
_MORE_STEPS = 20
_HALVINGS = 20
# A fit has converged if another step would improve the log likelihood by less than 0.05, or by less
# than the rounding errors of its float32 margins.
_TOLERANCE = 0.05
_ROUNDING = 1e-6


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
class Convergence:
    """How a fit ended.

    ``gain`` is the expected increase of the penalised log likelihood by another Newton step, in
    nats.
    """

    has_converged: bool
    steps: int
    gain: float


@dataclass(frozen=True)
class CrossedWeights:
    """Fitted weights and variances.

    ``kin`` float64 (q, p) and ``deviations`` float64 (n_offers, p) add up to ``offers`` float64
    (n_offers, p). Variances are by group of columns: ``kin_variance`` (q, n_groups) and
    ``variance`` (n_groups,).
    """

    offers: Vector
    kin: Vector
    deviations: Vector
    kin_variance: Vector
    variance: Vector
    convergence: Convergence


def fit_crossed(
    data: CrossedData, steps: int = STEPS, start: CrossedWeights | None = None
) -> CrossedWeights:
    """Fit by Newton steps, the first of which learn variances. The result is deterministic.

    ``start`` continues from a fit of the first columns and groups, on the same offers and kin.
    """
    return _Fit(data, start).run(steps)


class _Fit:
    """State of a fit: rows sorted by offer, their margins, weights and variances."""

    def __init__(self, data: CrossedData, start: CrossedWeights | None = None) -> None:
        order = np.argsort(data.offers, kind="stable")
        self.x = np.ascontiguousarray(data.design[order])
        self.y = data.outcomes[order]
        self.link = data.link
        self.groups = data.groups
        n_offers, p = data.kin.shape[0], self.x.shape[1]
        self.bounds = np.searchsorted(data.offers[order], np.arange(n_offers + 1))
        self.kin = data.kin[:, : max(1, _MAX_KIN_WEIGHTS // p)]
        self.border = np.zeros((self.kin.shape[1], p))
        self.border[0, 0] = margin_of_mean(self.y, self.link)
        self.deviations = np.zeros((n_offers, p))
        n_groups = int(data.groups.max()) + 1
        variances = np.full(n_groups, _START_VARIANCE)
        variances[0] = _INTERCEPT_VARIANCE
        self.prior = np.where(variances == _START_VARIANCE, _PRIOR_VARIANCE, variances)
        self.kin_variance = np.tile(variances, (self.kin.shape[1], 1))
        self.kin_variance[0] = GLOBAL_VARIANCE
        self.kin_variance[0, 0] = 1e6
        self.variance = variances.copy()
        if start is not None:
            self._continue(start)
        self.margins = self._times(self.kin @ self.border + self.deviations)
        self.dispersion = self._dispersion()

    def _continue(self, start: CrossedWeights) -> None:
        q, p = min(len(start.kin), len(self.border)), start.kin.shape[1]
        self.border[:q, :p] = start.kin[:q]
        # A kin that exceeds the limit is left to the deviations.
        self.deviations[:, :p] = start.offers - self.kin[:, :q] @ start.kin[:q]
        self.kin_variance[:q, : start.variance.size] = start.kin_variance[:q]
        self.variance[: start.variance.size] = start.variance

    def run(self, steps: int) -> CrossedWeights:
        """Take some steps that learn variances, then steps until convergence."""
        learning = max(steps - 2, 0)
        gain, taken, advances = np.inf, 0, True
        while advances and taken < steps + _MORE_STEPS:
            gain, advances = self._step(learn=taken < learning)
            taken += 1
            if taken > learning and gain <= self._tolerance:
                break
        return CrossedWeights(
            offers=self.kin @ self.border + self.deviations,
            kin=self.border,
            deviations=self.deviations,
            kin_variance=self.kin_variance,
            variance=self.variance,
            convergence=Convergence(bool(gain <= self._tolerance), taken, float(gain)),
        )

    @property
    def _tolerance(self) -> float:
        return max(_TOLERANCE, _ROUNDING * abs(self._loss(self.margins)))

    def _of(self, offer: int) -> slice:
        return slice(self.bounds[offer], self.bounds[offer + 1])

    def _times(self, weights: Vector) -> Vector:
        """Products of the rows with the weights of their offers, float64 (n,)."""
        products = np.empty(len(self.y))
        for a, own in enumerate(weights.astype(np.float32)):
            rows = self._of(a)
            products[rows] = self.x[rows] @ own
        return products

    def _curvature(self) -> tuple[Vector, Vector]:
        """Hessian (n_offers, p, p) and gradient (n_offers, p) of the log likelihood by offer."""
        n_offers, p = self.deviations.shape
        hessians, gradients = np.zeros((n_offers, p, p)), np.zeros((n_offers, p))
        mean, curvature = mean_and_slope(self.margins, self.link)
        residuals = ((self.y - mean) / self.dispersion).astype(np.float32)
        roots = np.sqrt(curvature / self.dispersion).astype(np.float32)
        for a in range(n_offers):
            rows = self._of(a)
            x = self.x[rows]
            if not len(x):
                continue
            gradients[a] = residuals[rows] @ x
            scaled = x * roots[rows, None]
            hessians[a] = scaled.T @ scaled
        return hessians, gradients

    def _dispersion(self) -> float:
        """Residual variance (identity) or Pearson dispersion (log); 1 for logit."""
        if self.link == "logit":
            return 1.0
        mean, curvature = mean_and_slope(self.margins, self.link)
        total = float((((self.y - mean) ** 2) / np.maximum(curvature, 1e-9)).sum())
        return max(total / max(len(self.y), 1), 1e-12)

    def _loss(self, margins: Vector) -> float:
        """Negative log likelihood of the rows, without terms that do not depend on margins."""
        return float(losses(margins, self.y, self.link).sum()) / self.dispersion

    def _penalty(self, border: Vector, deviations: Vector) -> float:
        kin = (border**2 / self.kin_variance[:, self.groups]).sum()
        own = (deviations**2 / self.variance[self.groups]).sum()
        return float(kin + own) / 2

    def _step(self, learn: bool) -> tuple[float, bool]:
        """Take a joint Newton step of all weights; return its expected gain and whether it was
        taken.

        The step is halved until the penalised likelihood does not fall: with rare successes, a full
        step overshoots by far. Afterwards variances are updated if ``learn``.
        """
        hessians, gradients = self._curvature()
        border_step, own_step, spreads = self._direction(hessians, gradients, learn)
        promise = float((gradients * (self.kin @ border_step + own_step)).sum())
        promise -= float((self.border * border_step / self.kin_variance[:, self.groups]).sum())
        promise -= float((self.deviations * own_step / self.variance[self.groups]).sum())
        moved = self._times(self.kin @ border_step + own_step)
        before = self._loss(self.margins) + self._penalty(self.border, self.deviations)
        length, advances = 1.0, False
        for _ in range(_HALVINGS):
            border = self.border + length * border_step
            own = self.deviations + length * own_step
            margins = self.margins + length * moved
            after = self._loss(margins) + self._penalty(border, own)
            if after <= before + 1e-7 * abs(before):
                self.border, self.deviations, self.margins = border, own, margins
                advances = True
                break
            length /= 2
        if learn:
            self._learn(*spreads)
            self.dispersion = self._dispersion()
        return promise / 2, advances

    def _direction(
        self, hessians: Vector, gradients: Vector, learn: bool
    ) -> tuple[Vector, Vector, tuple[Vector, Vector | None]]:
        """Newton step of kin weights and deviations, and the variances of both given the rest.

        With precisions P and H + P = A, what is left of H after the deviations are eliminated is
        H - H inv(A) H = P - P inv(A) P, which needs no product of matrices.
        """
        q, p = self.border.shape
        precision = 1 / self.variance[self.groups]
        inverses = np.linalg.inv(hessians + np.diag(precision))
        own = gradients - precision * self.deviations
        reduced = np.diag(precision) - precision[:, None] * inverses * precision
        pull = gradients - own + precision * np.einsum("aij,aj->ai", inverses, own)
        shared = np.einsum("ak,am->akm", self.kin, self.kin).reshape(len(self.kin), q * q)
        system = (shared.T @ reduced.reshape(len(reduced), p * p)).reshape(q, q, p, p)
        kin_precision = 1 / self.kin_variance[:, self.groups]
        target = self.kin.T @ pull - kin_precision * self.border
        flat = system.transpose(0, 2, 1, 3).reshape(q * p, q * p) + np.diag(kin_precision.ravel())
        border_step = np.linalg.solve(flat, target.ravel()).reshape(q, p)
        moved = np.einsum("aij,aj->ai", hessians, self.kin @ border_step)
        own_step = np.einsum("aij,aj->ai", inverses, own - moved)
        kin_spread = np.diag(np.linalg.inv(flat)).reshape(q, p) if learn and q > 1 else None
        return border_step, own_step, (np.diagonal(inverses, axis1=1, axis2=2), kin_spread)

    def _learn(self, spread: Vector, kin_spread: Vector | None) -> None:
        """Update the variances from the weights and their posterior variances."""
        self.variance = self._learnt(self.deviations, spread, self.variance)
        if kin_spread is not None:
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
