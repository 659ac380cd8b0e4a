"""Doubly robust regressions: a ridge, and a tree of two splits, on unbiased observations.

With p the propensity of the offer shown and e what a regression on the person alone leaves of the
outcome, an unbiased observation of what offer a adds for a person x is

    e / p  if a was shown, else 0

whatever was logged. The *ridge* regresses these observations on the design, so its weights are
those of the best linear ranking in the unit of the KPI. The *tree* splits people twice by yes-or-no
columns of the design, so that the sum of the best observations of the four leaves is largest. Both
are written as weights of a design, like those of the interaction base.

Scores s in the unit of the KPI become margins, ``link(m) + t (s - m)`` with m the mean outcome,
which keeps the order of the offers; t is fitted by maximum likelihood.

References:
----------
M. Dudik, J. Langford, L. Li (2011), Doubly robust policy evaluation and learning. ICML. C. Mallows
(1973), Some comments on Cp, Technometrics 15 (strength of the ridge). S. Athey, S. Wager (2021),
Policy learning with observational data, Econometrica 89 (trees of doubly robust scores).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.models.design import Design
from scorer.models.interaction_base import BaseData
from scorer.models.likelihoods import margin_of_mean, mean_and_slope

# A propensity counts as at least this share of that of a uniform draw.
_LEAST_SHARE = 0.1
# Strengths of the ridge, per row and standardised column, and how many times as strong it is for
# steps of numbers, whose normal scores suffice for straight effects.
_STRENGTHS = np.logspace(-4, 4, 33)
_FOR_STEPS = (1.0, 10.0, 1e4)
_MAIN_RIDGE = 1e-3
# Displays of an offer in a leaf at which half of its difference to the mean of the offer counts.
_LEAF_DISPLAYS = 200.0
_LEAST_LEAF = 0.01
# Margins of the scores: Newton steps, and their least standard deviation.
_SCALE_STEPS, _LEAST_SCALE = 20, 1e-3


@dataclass(frozen=True)
class Observations:
    """Rows to fit on, and the propensity of each, float64 (n,), NaN where it is not known."""

    data: BaseData
    propensity: Vector

    def on(self, design: Design) -> Observations:
        """The same rows on a design with pairs of the same columns."""
        x = self.data.matrix
        products = (x[:, 1 + i] * x[:, 1 + j] for i, j in design.pairs)
        matrix = np.column_stack([x, *products]) if design.pairs else x
        return replace(self, data=replace(self.data, design=design, matrix=matrix))

    @property
    def n_offers(self) -> int:
        """Number of offers."""
        return len(self.data.kin)

    def of(self, offer: int) -> Mask:
        """Rows that show the offer, bool (n,)."""
        return self.data.offers == offer

    @cached_property
    def mean(self) -> float:
        """Mean outcome."""
        return float(self.data.outcomes.mean())

    @cached_property
    def gram(self) -> Vector:
        """Products of the columns of the design, per row, float64 (width, width)."""
        x = self.data.matrix
        return (x.T @ x).astype(np.float64) / len(x)

    @cached_property
    def main(self) -> Vector:
        """Weights of the regression on the person alone, float64 (width,)."""
        x, y = self.data.matrix, self.data.outcomes
        ridge = _MAIN_RIDGE * np.diag(self.gram).copy()
        ridge[0] = 0.0
        pull = (y.astype(np.float32) @ x).astype(np.float64) / len(y)
        found = np.linalg.solve(self.gram + np.diag(ridge + 1e-12), pull)
        return found.astype(np.float64)

    @cached_property
    def weighted(self) -> Vector:
        """``e / p`` of each row, with weights that add up to n for every offer, float64 (n,)."""
        offers, n = self.data.offers, len(self.data.offers)
        counts = np.bincount(offers, minlength=self.n_offers)
        known = np.where(np.isnan(self.propensity), counts[offers] / n, self.propensity)
        weights = 1 / np.maximum(known, _LEAST_SHARE / self.n_offers)
        totals = np.bincount(offers, weights, self.n_offers)
        left = self.data.outcomes - self.data.matrix @ self.main.astype(np.float32)
        return left * weights * n / totals[offers]


def fit_ridge(rows: Observations) -> Matrix:
    """Weights of margins of the design, float32 (n_offers, width), by doubly robust ridge."""
    x, z = rows.data.matrix, rows.weighted
    with threadpool_limits(1, "blas"):
        moments = np.stack(
            [z[shown].astype(np.float32) @ x[shown] for shown in map(rows.of, range(rows.n_offers))]
        ).astype(np.float64) / len(x)
        noise = float((z**2).mean()) / rows.n_offers / len(x)
        own = np.zeros(moments.shape)
        _, own[:, :1] = _ridge(rows.gram[:1, :1], moments[:, :1], noise, np.ones(1))
        steps = _steps_of_numbers(rows.data.design)
        found = [
            _ridge(rows.gram[1:, 1:], moments[:, 1:], noise, np.where(steps, times, 1.0))
            for times in _FOR_STEPS
        ]
        own[:, 1:] = min(found, key=lambda pair: pair[0])[1]
        return _margins(rows, rows.main + own)


def _steps_of_numbers(design: Design) -> Mask:
    """Columns of the matrix, without the constant, that are steps of a number with a score."""
    numbers = {column.feature for column in design.columns if column.kind == "score"}
    steps = [column.kind == "step" and column.feature in numbers for column in design.columns]
    return np.array(steps + [steps[i] or steps[j] for i, j in design.pairs], dtype=np.bool_)


def _ridge(gram: Vector, moments: Vector, noise: float, strength: Vector) -> tuple[float, Vector]:
    """Least Cp of all strengths, and its ridge weights, (n_offers, p); one strength for all offers.

    ``noise`` is the variance of a moment of a standardised column; ``strength``, (p,), is that of
    the columns relative to each other.
    """
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-12) * strength)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    values = np.maximum(values, 0.0)
    rotated = (moments / scale) @ vectors
    kept = 1 / (values + _STRENGTHS[:, None])
    squares = (rotated**2).sum(axis=0)
    fit = ((values * kept - 2) * kept) @ squares
    free = (values * kept).sum(axis=1)
    cp = fit + 2 * noise * len(moments) * free
    best = int(np.argmin(cp))
    return float(cp[best]), (rotated * kept[best]) @ vectors.T / scale


def fit_tree(rows: Observations) -> tuple[Design, Matrix]:
    """A tree of two splits: a design with its pairs, and weights, float32 (n_offers, width).

    Of all trees, the one of the highest value of its leaves, whose means are shrunk.
    """
    design = rows.data.design
    columns = [k for k, column in enumerate(design.columns) if column.kind != "score"]
    if not columns:
        return design, _margins(rows, np.tile(rows.main, (rows.n_offers, 1)))
    with threadpool_limits(1, "blas"):
        search = _Search.of(rows, columns)
        split = search.best()
        design = design.with_pairs(split.pairs(columns))
        weights = split.weights(design, columns)
        weights[:, : len(rows.main)] += rows.main
        return design, _margins(rows.on(design), weights)


@dataclass(frozen=True)
class _Split:
    """Split on column ``first``; where it is 1 on ``yes``, where it is 0 on ``no``.

    A second split on ``first`` again is none. ``leaves`` float64 (4, n_offers): means where (first,
    second) are 11, 10, 01 and 00.
    """

    first: int
    yes: int
    no: int
    leaves: Vector

    def pairs(self, columns: list[int]) -> tuple[tuple[int, int], ...]:
        """Pairs of columns of the design whose products the tree needs."""
        second = [k for k in (self.yes, self.no) if k != self.first]
        places = [(columns[self.first], columns[k]) for k in second]
        return tuple(dict.fromkeys((min(pair), max(pair)) for pair in places))

    def weights(self, design: Design, columns: list[int]) -> Vector:
        """Weights of the centred columns and their products, float64 (n_offers, width)."""
        weights = np.zeros((self.leaves.shape[1], design.width))
        first, yes, no = (columns[k] for k in (self.first, self.yes, self.no))
        a, b, c, d = self.leaves
        self._add(weights, design, (), d)
        self._add(weights, design, (first,), (a if yes == first else b) - d)
        if yes != first:
            self._add(weights, design, (first, yes), a - b)
        if no != first:
            self._add(weights, design, (no,), c - d)
            self._add(weights, design, (first, no), d - c)
        return weights

    def _add(self, weights: Vector, design: Design, of: tuple[int, ...], value: Vector) -> None:
        """Add ``value`` times a product of columns that are not centred."""
        centres = [design.columns[k].centre for k in of]
        weights[:, 0] += value * np.prod(centres)
        for place, k in enumerate(of):
            weights[:, 1 + k] += value * np.prod(centres[:place] + centres[place + 1 :])
        if len(of) == 2:
            pair = design.pairs.index((min(of), max(of)))
            weights[:, 1 + len(design.columns) + pair] += value


@dataclass(frozen=True)
class _Search:
    """Sums over pairs of columns: observations, (n_offers, m, m), and rows, (m, m)."""

    sums: Vector
    totals: Vector
    counts: Vector
    shares: Vector
    n: int
    features: Codes

    @classmethod
    def of(cls, rows: Observations, columns: list[int]) -> _Search:
        """Sum the rows; a missing value counts for both sides, as its column is the mean."""
        design, z = rows.data.design, rows.weighted
        centres = np.array([design.columns[k].centre for k in columns], dtype=np.float32)
        x = rows.data.matrix[:, [1 + k for k in columns]] + centres
        sums, alone = np.empty((rows.n_offers, len(columns), len(columns))), np.arange(len(columns))
        for offer in range(rows.n_offers):
            shown = rows.of(offer)
            scaled = x[shown] * z[shown, None].astype(np.float32)
            sums[offer] = scaled.T @ x[shown]
            # A column is 0 or 1, so its product with itself is the column.
            sums[offer, alone, alone] = scaled.sum(axis=0, dtype=np.float64)
        counts = (x.T @ x).astype(np.float64)
        counts[alone, alone] = x.sum(axis=0, dtype=np.float64)
        shares = np.bincount(rows.data.offers, minlength=rows.n_offers) / len(x)
        totals = np.bincount(rows.data.offers, z, rows.n_offers).astype(np.float64)
        features = np.array([design.columns[k].feature for k in columns])
        return cls(sums, totals, counts, shares, len(x), features)

    def best(self) -> _Split:
        """The tree of the highest value."""
        found = [self._of(first) for first in range(len(self.features))]
        return max(found, key=lambda pair: pair[0])[1]

    def _of(self, first: int) -> tuple[float, _Split]:
        """The best tree that starts with a column, and its value."""
        both, size = self.sums[:, first, :], self.counts[first]
        own, all_own = both[:, first, None], np.diagonal(self.sums, axis1=1, axis2=2)
        n_own, n_all = size[first], np.diag(self.counts)
        leaves = [
            self._leaf(both, size),
            self._leaf(own - both, n_own - size),
            self._leaf(all_own - both, n_all - size),
            self._leaf(self.totals[:, None] - own - all_own + both, self.n - n_own - n_all + size),
        ]
        least = _LEAST_LEAF * self.n
        value = [
            np.where((n >= least) | (n == 0), means.max(axis=0) * n, -np.inf) for means, n in leaves
        ]
        other = self.features != self.features[first]
        other[first] = True
        sides = [np.where(other, value[k] + value[k + 1], -np.inf) for k in (0, 2)]
        yes, no = (int(np.argmax(side)) for side in sides)
        means = [leaves[k][0][:, place] for k, place in enumerate((yes, yes, no, no))]
        return float(sides[0][yes] + sides[1][no]), _Split(first, yes, no, np.stack(means))

    def _leaf(self, sums: Vector, n: Vector) -> tuple[Vector, Vector]:
        """Shrunk means of leaves, (n_offers, m), and their rows, (m,)."""
        overall = self.totals[:, None] / self.n
        trust = self.shares[:, None] * n / (self.shares[:, None] * n + _LEAF_DISPLAYS)
        means = overall + trust * (sums / np.maximum(n, 1.0) - overall)
        return means, n


def _margins(rows: Observations, weights: Vector) -> Matrix:
    """Weights of margins, float32, whose scores are likely given the rows."""
    link, y = rows.data.link, rows.data.outcomes
    if link == "identity":
        return weights.astype(np.float32)
    scores = np.einsum("ij,ij->i", rows.data.matrix, weights.astype(np.float32)[rows.data.offers])
    spread = max(float(scores.std()), 1e-12)
    design = np.column_stack([np.ones(len(y)), (scores - rows.mean) / spread])
    theta = np.array([margin_of_mean(y, link), _LEAST_SCALE])
    for _ in range(_SCALE_STEPS):
        mean, slope = mean_and_slope(design @ theta, link)
        curvature = design.T @ (design * slope[:, None]) + np.eye(2)
        theta = theta + np.clip(np.linalg.solve(curvature, design.T @ (y - mean)), -0.5, 0.5)
    factor = max(float(theta[1]), _LEAST_SCALE) / spread
    scaled = weights * factor
    scaled[:, 0] += theta[0] - factor * rows.mean
    return scaled.astype(np.float32)
