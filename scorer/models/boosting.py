"""Fit the trees: quantised rows in, a booster out; held-out rows decide the number of rounds.

``lambda`` and ``min_child_weight`` are given in displays and multiplied by the Hessian of one
average display, so they mean the same at a rate of 1 % and of 30 %.

The same rows, plan and XGBoost version give the same booster bytes for any number of threads: rows
and columns are not sampled, and histogram sums did not depend on the threads when measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.models.objectives import Objective
from scorer.models.side_by_side import threads_for

LAMBDA_DISPLAYS = 20.0
MIN_CHILD_DISPLAYS = 10.0
PATIENCE = 20
_CHECKED_EVERY = 5


@dataclass(frozen=True)
class Growth:
    """How trees grow: depth, learning rate and the range of rounds in which to stop.

    A pure interaction shows no gain in the first trees, so a lack of progress before ``min_rounds``
    proves nothing.
    """

    max_depth: int
    eta: float
    min_rounds: int
    max_rounds: int


POOLED = Growth(max_depth=5, eta=0.2, min_rounds=40, max_rounds=160)
RESIDUAL = Growth(max_depth=4, eta=0.2, min_rounds=5, max_rounds=60)


@dataclass(frozen=True)
class TreeData:
    """Rows to grow on.

    ``matrix`` float32 (n, 1 + n_features) with the offer's code first; ``outcomes`` float64 (n,)
    in the unit of the objective; ``start`` float32 (n,) is the margin of the base, None without a
    base. ``beside`` is the number of fits that run at once.
    """

    matrix: Matrix
    feature_types: tuple[str, ...]
    outcomes: Vector
    start: Matrix | None = None
    beside: int = 1

    def take(self, rows: Codes | Mask) -> TreeData:
        """The chosen rows."""
        start = None if self.start is None else self.start[rows]
        return replace(self, matrix=self.matrix[rows], outcomes=self.outcomes[rows], start=start)

    def quantised(self, ref: xgb.QuantileDMatrix | None = None) -> xgb.QuantileDMatrix:
        """The rows in the quantised form of XGBoost."""
        return xgb.QuantileDMatrix(
            self.matrix,
            label=self.outcomes,
            base_margin=self.start,
            feature_types=list(self.feature_types),
            enable_categorical=True,
            ref=ref,
            nthread=self.threads,
        )

    @property
    def threads(self) -> int:
        """Number of threads worth using."""
        return threads_for(self.matrix.size, self.beside)


def tree_parameters(objective: Objective, growth: Growth, codes: int, seed: int) -> dict[str, Any]:
    """XGBoost parameters; ``codes`` is the largest number of codes of a categorical column."""
    return {
        "tree_method": "hist",
        "max_depth": growth.max_depth,
        "eta": growth.eta,
        **objective.parameters,
        "lambda": LAMBDA_DISPLAYS * objective.hessian,
        "min_child_weight": MIN_CHILD_DISPLAYS * objective.hessian,
        "max_cat_to_onehot": codes + 1,
        "seed": seed,
    }


def find_rounds(
    data: TreeData, parameters: dict[str, Any], growth: Growth, held_out: TreeData
) -> int:
    """Grow until the held-out loss stops falling; return the best number of rounds.

    The loss is computed every 5 rounds, because computing it costs a third of a round.
    """
    fitting = data.quantised()
    watched = [(held_out.quantised(ref=fitting), "held_out")]
    booster = xgb.Booster(_threaded(parameters, data), [fitting, watched[0][0]])
    best, rounds = np.inf, growth.min_rounds
    for grown in range(1, growth.max_rounds + 1):
        booster.update(fitting, grown - 1)
        if grown % _CHECKED_EVERY == 0:
            loss = float(booster.eval_set(watched, grown - 1).rsplit(":", 1)[1])
            if loss < best:
                best, rounds = loss, grown
            elif grown >= max(rounds + PATIENCE, 2 * growth.min_rounds):
                break
    return max(rounds, growth.min_rounds)


def grow_rounds(data: TreeData, parameters: dict[str, Any], rounds: int) -> xgb.Booster:
    """Grow a fixed number of rounds."""
    return xgb.train(_threaded(parameters, data), data.quantised(), rounds, verbose_eval=False)


def _threaded(parameters: dict[str, Any], data: TreeData) -> dict[str, Any]:
    return {**parameters, "nthread": data.threads}


def with_offers(offers: Codes, users: Matrix) -> Matrix:
    """Code of the offer, then the features of the user, float32 (n, 1 + n_features)."""
    matrix = np.empty((len(offers), 1 + users.shape[1]), dtype=np.float32)
    matrix[:, 0] = offers
    matrix[:, 1:] = users
    return matrix
