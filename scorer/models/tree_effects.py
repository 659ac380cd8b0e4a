"""Shapley values of boosted trees, and their interactions of each feature with the offer.

The same numbers as ``pred_contribs`` of XGBoost and the row of the offer in ``pred_interactions``
(a test compares them), which take 2 x n_features times as long: seconds per display with 40
features.

The value of a leaf counts if all conditions on its path hold. For the features i on the path, with
o_i = 1 if a row fulfils all conditions on i, and z_i the share of training weight that does,

    phi_i   =       v (o_i - z_i)             integral over [0, 1] of  prod_(k != i)    f_k(t) dt
    phi_ij  = 1/2   v (o_i - z_i) (o_j - z_j) integral over [0, 1] of  prod_(k != i, j) f_k(t) dt

with f_k(t) = z_k (1 - t) + o_k t, a polynomial that a Gauss-Legendre rule integrates exactly.

References:
----------
S. Lundberg et al. (2020), From local explanations to global understanding with explainable AI for
trees (path-dependent values and interactions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.arrays import Codes, Mask, Matrix, Vector

_ROWS = 10_000


@dataclass(frozen=True)
class TreeEffects:
    """Parts of margins, float64 (n, n_features) each, with the offer in column 0.

    ``alone`` are the Shapley values. ``joint`` is the whole interaction of each feature with the
    offer (both halves); its column 0 is 0.
    """

    alone: Vector
    joint: Vector


def tree_effects(booster: xgb.Booster, rows: Matrix) -> TreeEffects:
    """Effects of all features on n rows, float32 (n, n_features); column 0 is the offer code."""
    effects = TreeEffects(np.zeros(rows.shape), np.zeros(rows.shape))
    trees = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    for tree in map(_Tree, trees["trees"]):
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            alone, joint = _effects(tree, rows[part])
            effects.alone[part] += alone
            effects.joint[part] += joint
    return effects


class _Tree:
    """A tree as paths to its leaves: features (n_leaves, depth), -1 beyond the end of a path."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.left = np.array(tree["left_children"])
        self.right = np.array(tree["right_children"])
        self.feature = np.array(tree["split_indices"])
        self.threshold = np.array(tree["split_conditions"], dtype=np.float32)
        self.default_left = np.array(tree["default_left"], dtype=np.bool_)
        self.weight = np.array(tree["sum_hessian"], dtype=np.float64)
        self.categories = {
            node: tree["categories"][start : start + size]
            for node, start, size in zip(
                tree["categories_nodes"],
                tree["categories_segments"],
                tree["categories_sizes"],
                strict=True,
            )
        }
        paths = list(self._paths(0, []))
        self.values = np.array([self.threshold[leaf] for leaf, _ in paths], dtype=np.float64)
        self.conditions = [self._by_feature(path) for _, path in paths]
        depth = max(map(len, self.conditions), default=0)
        self.features = np.full((len(paths), depth), -1)
        self.shares = np.ones((len(paths), depth))
        for leaf, conditions in enumerate(self.conditions):
            for place, (feature, (share, _)) in enumerate(conditions.items()):
                self.features[leaf, place] = feature
                self.shares[leaf, place] = share

    def _paths(self, node: int, path: list[tuple[int, bool]]) -> Iterator[tuple[int, Any]]:
        """Every leaf with its path: nodes, and whether the path goes left there."""
        if self.left[node] < 0:
            yield node, path
            return
        yield from self._paths(int(self.left[node]), [*path, (node, True)])
        yield from self._paths(int(self.right[node]), [*path, (node, False)])

    def _by_feature(self, path: list[tuple[int, bool]]) -> dict[int, tuple[float, list[Any]]]:
        """Share of the training weight and steps of a path, by feature."""
        found: dict[int, tuple[float, list[Any]]] = {}
        for node, is_left in path:
            child = self.left[node] if is_left else self.right[node]
            share, steps = found.get(int(self.feature[node]), (1.0, []))
            share *= float(self.weight[child] / self.weight[node])
            found[int(self.feature[node])] = (share, [*steps, (node, is_left)])
        return found

    def patterns(self, rows: Matrix) -> Codes:
        """Bits of the conditions on each path that each row fulfils, int64 (n_leaves, n)."""
        goes_left = {
            int(node): self._goes_left(int(node), rows) for node in np.flatnonzero(self.left >= 0)
        }
        depth = self.features.shape[1]
        patterns = np.full((len(self.conditions), len(rows)), (1 << depth) - 1)
        for leaf, conditions in enumerate(self.conditions):
            for place, (_, steps) in enumerate(conditions.values()):
                fails = np.zeros(len(rows), dtype=np.bool_)
                for node, is_left in steps:
                    fails |= goes_left[node] != is_left
                patterns[leaf] -= fails * (1 << place)
        return patterns

    def _goes_left(self, node: int, rows: Matrix) -> Mask:
        values = rows[:, self.feature[node]]
        if node in self.categories:
            left = ~np.isin(values, self.categories[node])
        else:
            left = values < self.threshold[node]
        return np.where(np.isnan(values), self.default_left[node], left)


def _effects(tree: _Tree, rows: Matrix) -> tuple[Vector, Vector]:
    """Effects by row and feature, looked up by the pattern of fulfilled conditions."""
    n_leaves, depth = tree.features.shape
    if depth == 0:
        return np.zeros(rows.shape), np.zeros(rows.shape)
    alone, joint = _tables(tree)
    patterns = tree.patterns(rows)
    # An extra last column collects the positions beyond the ends of paths.
    totals = np.zeros((2, rows.shape[1] + 1, len(rows)))
    for leaf in range(n_leaves):
        totals[0, tree.features[leaf]] += alone[leaf][:, patterns[leaf]]
        totals[1, tree.features[leaf]] += joint[leaf][:, patterns[leaf]]
    return totals[0, :-1].T, totals[1, :-1].T


def _tables(tree: _Tree) -> tuple[Vector, Vector]:
    """Effects of every pattern, float64 (n_leaves, depth, 2 ** depth) each."""
    depth = tree.features.shape[1]
    holds = (np.arange(1 << depth) >> np.arange(depth)[:, None]) & 1
    shares, is_offer = tree.shares[:, :, None], (tree.features == 0)[:, :, None]
    gap = holds - shares
    offer_gap = np.where(is_offer, gap, 0).sum(axis=1, keepdims=True)
    alone, joint = np.zeros(gap.shape), np.zeros(gap.shape)
    for t, weight in _rule(depth):
        factors = np.maximum(shares * (1 - t) + holds * t, 1e-300)
        others = weight * factors.prod(axis=1, keepdims=True) / factors
        alone += others
        joint += others / np.where(is_offer, factors, 1).prod(axis=1, keepdims=True)
    values = tree.values[:, None, None]
    return alone * gap * values, joint * np.where(is_offer, 0, gap) * offer_gap * values


def _rule(depth: int) -> Iterator[tuple[float, float]]:
    """Nodes and weights on [0, 1], exact for the products of ``depth - 1`` factors."""
    nodes, weights = np.polynomial.legendre.leggauss(depth // 2 + 1)
    yield from zip((nodes + 1) / 2, weights / 2, strict=True)
