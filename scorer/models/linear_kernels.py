"""Compiled kernels of linear models: the design row of one user, margins of many, scores of one.

Every margin is the sum over the columns in their order, in float64, rounded once to float32. So it
does not depend on how many users are scored together, and equal offers have equal margins.
Importing this module imports numba, so it is imported on first use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.forest.kernels import kernel, walk_one
from scorer.forest.walks import N_BITS
from scorer.models.calibration import LINKS, MAX_MARGIN
from scorer.models.design import KINDS

CODE, STEP, MISSING = (KINDS.index(kind) for kind in ("code", "step", "missing"))
LOG, IDENTITY = LINKS.index("log"), LINKS.index("identity")
_USERS = 8


@kernel
def margins_of_many(matrix: Any, weights: Any, margins: Any) -> None:
    """Margins float32 (n, n_offers) of a transposed design matrix, float32 (width, n).

    ``weights`` is float64 (width, n_offers).
    """
    n, n_offers = margins.shape
    sums = np.empty((_USERS, n_offers), dtype=np.float64)
    for first in range(0, n, _USERS):
        users = min(_USERS, n - first)
        sums[:] = 0.0
        for k in range(matrix.shape[0]):
            for i in range(users):
                value = np.float64(matrix[k, first + i])
                for offer in range(n_offers):
                    sums[i, offer] += value * weights[k, offer]
        for i in range(users):
            for offer in range(n_offers):
                margins[first + i, offer] = np.float32(sums[i, offer])


@kernel
def margins_of_one(design: Any, weights: Any, user: Any, margins: Any) -> None:
    """Margins float32 (n_offers,) of one encoded user, float32 (n_features,).

    ``design`` is a :class:`scorer.models.design.DesignArrays`.
    """
    row = np.empty(weights.shape[0], dtype=np.float32)
    fill_row(design, user, row)
    sums = np.zeros(margins.size, dtype=np.float64)
    for k in range(row.size):
        value = np.float64(row[k])
        for offer in range(sums.size):
            sums[offer] += value * weights[k, offer]
    for offer in range(sums.size):
        margins[offer] = np.float32(sums[offer])


@kernel
def base_scores(base: Any, map_: Any, user: Any, scores: Any) -> None:
    """Scores float64 (n_offers,) of one user by an interaction base.

    ``base`` are its design and weights as in :func:`margins_of_one`, ``map_`` is
    :attr:`.Calibration.numbers`.
    """
    margins = np.empty(scores.size, dtype=np.float32)
    margins_of_one(base[0], base[1], user, margins)
    calibrated(margins, map_, scores)


@kernel
def tree_scores(base: Any, walk: Any, map_: Any, user: Any, scores: Any) -> None:
    """Scores float64 (n_offers,) of one user by trees on top of an interaction base.

    One call for all steps takes half the time of a call for each. ``walk`` is a
    :class:`scorer.forest.walks.Walk`; for the rest see :func:`base_scores`.
    """
    start = np.empty(scores.size, dtype=np.float32)
    margins_of_one(base[0], base[1], user, start)
    margins = np.empty(-(-scores.size // N_BITS) * N_BITS, dtype=np.float32)
    walk_one(walk, user, start, margins)
    calibrated(margins[: scores.size], map_, scores)


@kernel
def fill_row(design: Any, user: Any, row: Any) -> None:
    """Write the row of :meth:`.Design.matrix` of one user, float32 (width,)."""
    row[0] = np.float32(1.0)
    n = design.feature.size
    for k in range(n):
        value, kind = user[design.feature[k]], design.kind[k]
        raw = np.float32(np.nan)
        if kind == MISSING:
            raw = np.float32(value != value)
        elif kind == CODE:
            raw = np.float32(value == design.at[k])
        elif value == value and kind == STEP:
            raw = np.float32(value >= design.at[k])
        elif value == value:
            raw = np.float32(interpolated(np.float64(value), design.grid[k], design.scores))
        centred = raw - design.centre[k]
        row[1 + k] = centred if centred == centred else np.float32(0.0)
    for k in range(design.pairs.shape[0]):
        row[1 + n + k] = row[1 + design.pairs[k, 0]] * row[1 + design.pairs[k, 1]]


@kernel
def interpolated(value: Any, grid: Any, scores: Any) -> Any:
    """``numpy.interp`` of one float64."""
    if value > grid[-1]:
        return scores[-1]
    if value < grid[0]:
        return scores[0]
    place = np.searchsorted(grid, value, side="right") - 1
    if place == grid.size - 1 or grid[place] == value:
        return scores[place]
    slope = (scores[place + 1] - scores[place]) / (grid[place + 1] - grid[place])
    return slope * (value - grid[place]) + scores[place]


@kernel
def calibrated(margins: Any, map_: Any, scores: Any) -> None:
    """:meth:`.Calibration.apply` of a few margins, float32 (n,), into scores, float64 (n,)."""
    slope, shift, link = map_
    for i in range(margins.size):
        z: Any = np.float64(margins[i]) * slope + shift
        if link != IDENTITY:
            z = min(max(z, -MAX_MARGIN), MAX_MARGIN)
            scores[i] = np.exp(z) if link == LOG else 1.0 / (1.0 + np.exp(-z))
        else:
            scores[i] = z
