"""Design matrix of a linear model: encoded users in, centred float32 columns out.

=========  ==================================================================================
boolean    one column
category   one column per frequent code; rare and missing codes share "none of these"
number     its normal score, steps at its quantiles, whether it is missing
pair       the product of two centred columns of different features
=========  ==================================================================================

A normal score is the normal quantile of the rank of a value among the training rows, so heavy tails
have no effect. Steps let an additive model follow any one-dimensional shape. The columns of one
feature
or pair of features form a group, which a hierarchical model shrinks together; the normal score of a
number is a group of its own. Column 0 is the constant 1, group 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scorer.arrays import Codes, Matrix, Vector
from scorer.features import FeatureSchema

MAX_COLUMNS = 192
MIN_COLUMN_ROWS = 30
KINDS = ("score", "code", "step", "missing")
_STEPS = 7
_GRID = 32
_SCORES = np.array([NormalDist().inv_cdf((k + 0.5) / _GRID) for k in range(_GRID)])


@dataclass(frozen=True)
class Column:
    """One column: ``kind`` is score, code, step or missing; ``feature`` is the number of the
    feature.

    The column is ``raw - centre``. By kind, raw is the normal score of the value according to
    ``grid`` (quantiles at equal steps of rank), or 1 if the code equals ``at``, if the value is at
    least ``at``, or if the value is missing. A missing value lies at the centre.
    """

    feature: int
    kind: str
    at: float = 0.0
    centre: float = 0.0
    grid: tuple[float, ...] = ()

    def raw(self, users: Matrix) -> Matrix:
        """Uncentred column of encoded users, float32 (n,); NaN where missing."""
        values = users[:, self.feature]
        if self.kind == "missing":
            return np.isnan(values).astype(np.float32)
        if self.kind == "code":
            return (values == np.float32(self.at)).astype(np.float32)
        if self.kind == "step":
            above = (values >= np.float32(self.at)).astype(np.float32)
            return np.where(np.isnan(values), np.float32(np.nan), above)
        return np.interp(values, self.grid, _SCORES).astype(np.float32)

    def centred(self, users: Matrix) -> Matrix:
        """Column of the design matrix, float32 (n,)."""
        return np.nan_to_num(self.raw(users) - np.float32(self.centre), nan=0.0)


class DesignArrays(NamedTuple):
    """The columns of a design as arrays, for the kernel of one user.

    ``kind`` indexes KINDS; ``grid`` is float64 (n_columns, 32), ``pairs`` int64 (n_pairs, 2).
    """

    feature: Codes
    kind: Codes
    at: Matrix
    centre: Matrix
    grid: Vector
    scores: Vector
    pairs: Codes


@dataclass(frozen=True)
class Design:
    """Columns of a design matrix without the constant, and pairs of their positions."""

    columns: tuple[Column, ...]
    pairs: tuple[tuple[int, int], ...] = ()

    @classmethod
    def fit(cls, users: Matrix, schema: FeatureSchema) -> Design:
        """Choose columns from encoded users, float32 (n, n_features); at most MAX_COLUMNS.

        A column needs as much spread as at least 30 rows that differ from all others.
        """
        columns: list[tuple[float, Column]] = []
        for j, feature in enumerate(schema.features):
            for column in _columns(j, feature.value_type, users[:, j]):
                raw = column.raw(users).astype(np.float64)
                spread = float(np.nanstd(raw))
                if spread**2 * raw.size >= MIN_COLUMN_ROWS:
                    columns.append((spread, replace(column, centre=float(np.nanmean(raw)))))
        order = np.argsort([-spread for spread, _ in columns], kind="stable")[:MAX_COLUMNS]
        return cls(tuple(columns[i][1] for i in sorted(order.tolist())))

    def with_pairs(self, pairs: Sequence[tuple[int, int]]) -> Design:
        """The design with products of these pairs of column positions, which count from 0."""
        return Design(self.columns, tuple(pairs))

    @property
    def width(self) -> int:
        """Number of columns of the matrix, including the constant and the pairs."""
        return 1 + len(self.columns) + len(self.pairs)

    def matrix(self, users: Matrix) -> Matrix:
        """Design matrix, float32 (n, width), C order; column 0 is 1."""
        return np.ascontiguousarray(self.transposed(users).T)

    def transposed(self, users: Matrix) -> Matrix:
        """Transposed design matrix, float32 (width, n), C order, which is quicker to fill."""
        users = np.asfortranarray(users)
        matrix = np.empty((self.width, users.shape[0]), dtype=np.float32)
        matrix[0] = 1.0
        for k, column in enumerate(self.columns):
            matrix[1 + k] = column.centred(users)
        first = 1 + len(self.columns)
        for k, (i, j) in enumerate(self.pairs):
            np.multiply(matrix[1 + i], matrix[1 + j], out=matrix[first + k])
        return matrix

    @cached_property
    def arrays(self) -> DesignArrays:
        """The design in the form that the kernel of one user takes."""
        return DesignArrays(
            np.array([c.feature for c in self.columns], dtype=np.int64),
            np.array([KINDS.index(c.kind) for c in self.columns], dtype=np.int64),
            np.array([c.at for c in self.columns], dtype=np.float32),
            np.array([c.centre for c in self.columns], dtype=np.float32),
            np.array([c.grid or [0.0] * _GRID for c in self.columns]).reshape(-1, _GRID),
            _SCORES.copy(),
            np.array(self.pairs, dtype=np.int64).reshape(-1, 2),
        )

    @property
    def groups(self) -> Codes:
        """Group of each matrix column, shape (width,): 0 constant, then features, then pairs.

        Pairs of the same two features share a group.
        """
        of = [column.feature for column in self.columns]
        keys = [(-1, -1), *((c.feature, -2 if c.kind == "score" else -1) for c in self.columns)]
        keys += [(max(of[i], of[j]), min(of[i], of[j])) for i, j in self.pairs]
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        return np.array([places[key] for key in keys], dtype=np.int64)

    @property
    def columns_by_features(self) -> dict[tuple[int, ...], list[int]]:
        """Columns of the matrix, without the constant, by the features they are made of."""
        of = [column.feature for column in self.columns]
        keys: list[tuple[int, ...]] = [(feature,) for feature in of]
        keys += [(min(of[i], of[j]), max(of[i], of[j])) for i, j in self.pairs]
        found: dict[tuple[int, ...], list[int]] = {}
        for place, key in enumerate(keys):
            found.setdefault(key, []).append(1 + place)
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form for the model manifest."""
        return {
            "columns": [{**asdict(c), "grid": list(c.grid)} for c in self.columns],
            "pairs": [list(pair) for pair in self.pairs],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Design:
        """Inverse of :meth:`to_dict`."""
        columns = tuple(
            Column(**{**column, "grid": tuple(column["grid"])}) for column in data["columns"]
        )
        return cls(columns, tuple((int(i), int(j)) for i, j in data["pairs"]))


def _columns(feature: int, value_type: str, values: Matrix) -> list[Column]:
    present = values[~np.isnan(values)]
    if present.size == 0:
        return []
    if value_type == "boolean":
        return [Column(feature, "step", 0.5)]
    if value_type == "category":
        return [Column(feature, "code", float(code)) for code in np.unique(present)]
    quantiles = np.quantile(present, np.arange(1, _STEPS + 1) / (_STEPS + 1), method="higher")
    steps = [float(at) for at in np.unique(quantiles) if at > present.min()]
    grid = np.quantile(present, (np.arange(_GRID) + 0.5) / _GRID)
    score = [Column(feature, "score", grid=tuple(map(float, grid)))] if len(steps) > 1 else []
    return [*score, *(Column(feature, "step", at) for at in steps), Column(feature, "missing")]
