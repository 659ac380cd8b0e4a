"""Find pairs of columns that interact with offers by a score test, without fitting the pairs.

Under the fitted additive model, the squared score of a product column for one offer, divided by its
variance, is about chi-squared with one degree of freedom. Its standardised sum over offers measures
how much more the offers differ in the pair than chance allows.

References:
----------
C. Rao (1948), Large sample tests of statistical hypotheses (the score test).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from scorer.arrays import Codes, Matrix, Vector
from scorer.models.design import Design

MAX_PAIRS = 48
_TESTED_COLUMNS = 64
_SCORE = 4.5
# With less information, the score of an offer is far from normal.
_MIN_INFORMATION = 3.0
_STEPS_OF_A_NUMBER = 3


def screen_pairs(
    design: Design,
    matrix: Matrix,
    offers: Codes,
    residuals: Vector,
    curvature: Vector,
) -> tuple[tuple[int, int], ...]:
    """Pairs of column positions worth a product, the strongest first, at most MAX_PAIRS.

    ``matrix`` is the design matrix, float32 (n, width); ``residuals`` are outcomes minus fitted
    values and ``curvature`` their variances, float64 (n,).
    """
    tested = _tested(design)
    columns = matrix[:, [1 + k for k in tested]]
    statistic, terms = np.zeros((len(tested), len(tested))), np.zeros((len(tested), len(tested)))
    order = np.argsort(offers, kind="stable")
    bounds = np.searchsorted(offers[order], np.arange(int(offers.max(initial=-1)) + 2))
    for start, stop in pairwise(bounds):
        rows = order[start:stop]
        x = columns[rows]
        score = x.T @ (x * residuals[rows, None].astype(np.float32))
        squares = x * x
        variance = squares.T @ (squares * curvature[rows, None].astype(np.float32))
        counted = variance > _MIN_INFORMATION
        statistic += np.where(counted, score**2 / np.maximum(variance, 1e-9) - 1, 0.0)
        terms += counted
    standardised = statistic / np.sqrt(2 * np.maximum(terms, 1))
    features = np.array([design.columns[k].feature for k in tested])
    standardised[features[:, None] >= features[None, :]] = -np.inf
    strongest = np.argsort(-standardised, axis=None, kind="stable")[:MAX_PAIRS]
    chosen = [divmod(int(place), len(tested)) for place in strongest]
    return tuple((tested[i], tested[j]) for i, j in chosen if standardised[i, j] > _SCORE)


def _tested(design: Design) -> list[int]:
    """Columns to test in pairs: 0/1 columns and a few steps of each number, most balanced first."""
    by_feature: dict[int, list[int]] = {}
    for k, column in enumerate(design.columns):
        if column.kind in ("code", "step"):
            by_feature.setdefault(column.feature, []).append(k)
    chosen = []
    for places in by_feature.values():
        if design.columns[places[0]].kind == "step" and len(places) > _STEPS_OF_A_NUMBER:
            spaced = np.linspace(0, len(places) - 1, _STEPS_OF_A_NUMBER + 2)[1:-1]
            places = [places[round(s)] for s in spaced]
        chosen += places
    spread = [abs(design.columns[k].centre - 0.5) for k in chosen]
    kept = np.argsort(spread, kind="stable")[:_TESTED_COLUMNS]
    return sorted(chosen[i] for i in kept.tolist())
