"""Fit the trees: quantised rows in, a booster out; held-out rows decide the number of rounds.

``lambda`` and ``min_child_weight`` are given in displays and multiplied by the Hessian of one
average display, so they mean the same at a rate of 1 % and of 30 %. They are never worth less than
two successes, because leaves of one success would be noise.

If successes are rare, each display without one carries little information. Of many rows, 8 without
a success are kept for each success, with a weight that compensates for the rest. The variance of a
rate
grows with 1 / successes + 1 / others, so this costs as much as 7 % fewer rows at a rate of 5 %.

The same rows, plan and XGBoost version give the same booster bytes for any number of threads: rows
and columns are not sampled, and histogram sums did not depend on the threads when measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.interruption import stop_if_interrupted
from scorer.models.objectives import Objective
from scorer.models.side_by_side import threads_for

LAMBDA_DISPLAYS = 20.0
MIN_CHILD_DISPLAYS = 10.0
MIN_SUCCESSES = 2.0
OTHERS_PER_SUCCESS = 8
_CHECKED_EVERY = 5
# With fewer rows, all are kept, and a booster is grown again on the rows that found its rounds.
_MANY_ROWS = 40_000


@dataclass(frozen=True)
class Growth:
    """How trees grow: depth, learning rate, the range of rounds in which to stop, and patience.

    A pure interaction shows no gain in the first trees, so a lack of progress before ``min_rounds``
    proves nothing. Growth stops ``patience`` rounds after the best one.
    """

    max_depth: int
    eta: float
    min_rounds: int
    max_rounds: int
    patience: int = 20


POOLED = Growth(max_depth=5, eta=0.3, min_rounds=30, max_rounds=120)
RESIDUAL = Growth(max_depth=4, eta=0.2, min_rounds=5, max_rounds=60)


@dataclass(frozen=True)
class TreeData:
    """Rows to grow trees on.

    ``matrix`` float32 (n, 1 + n_features) with the offer's code first; ``outcomes`` float64 (n,)
    in the unit of the objective; ``start`` float32 (n,) is the margin of the base, None without a
    base; ``weights`` float32 (n,), None if all are 1. ``beside`` is the number of parallel fits.
    """

    matrix: Matrix
    feature_types: tuple[str, ...]
    outcomes: Vector
    start: Matrix | None = None
    weights: Matrix | None = None
    beside: int = 1

    def take(self, rows: Codes | Mask) -> TreeData:
        """The chosen rows."""
        start = None if self.start is None else self.start[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(
            self,
            matrix=self.matrix[rows],
            outcomes=self.outcomes[rows],
            start=start,
            weights=weights,
        )

    def thinned(self, rows: Mask, seed: int) -> TreeData:
        """The rows to use, bool (n,); with many rows, only a sample of those without a success."""
        n, is_success = int(rows.sum()), self.outcomes != 0
        successes = int(np.count_nonzero(rows & is_success))
        kept = OTHERS_PER_SUCCESS * successes / max(n - successes, 1)
        if n < _MANY_ROWS or kept >= 1:
            return self.take(rows)
        drawn = np.random.default_rng([seed, 2]).random(len(rows)) < kept
        weights = np.where(is_success, 1, 1 / max(kept, 1e-12)).astype(np.float32)
        return replace(self, weights=weights).take(rows & (is_success | drawn))

    def quantised(self, ref: xgb.QuantileDMatrix | None = None) -> xgb.QuantileDMatrix:
        """The rows in the quantised form of XGBoost.

        XGBoost would convert labels of another type to float32 with all threads, which for small
        matrices takes longer than the rest.
        """
        return xgb.QuantileDMatrix(
            self.matrix,
            label=self.outcomes.astype(np.float32),
            weight=self.weights,
            base_margin=self.start,
            feature_types=list(self.feature_types),
            enable_categorical=True,
            ref=ref,
            nthread=self.threads,
        )

    @property
    def size(self) -> float:
        """Number of displays that the rows stand for."""
        return float(len(self.outcomes) if self.weights is None else self.weights.sum())

    @property
    def threads(self) -> int:
        """Number of threads worth using."""
        return threads_for(self.matrix.size, self.beside)


def is_many(rows: Mask) -> bool:
    """True if a booster grown on three quarters of the rows, bool (n,), is good enough."""
    return int(rows.sum()) >= _MANY_ROWS


def tree_parameters(objective: Objective, growth: Growth, codes: int, seed: int) -> dict[str, Any]:
    """XGBoost parameters; ``codes`` is the largest number of codes of a categorical column."""
    return {
        "tree_method": "hist",
        "max_depth": growth.max_depth,
        "eta": growth.eta,
        **objective.parameters,
        "lambda": max(LAMBDA_DISPLAYS * objective.hessian, MIN_SUCCESSES),
        "min_child_weight": max(MIN_CHILD_DISPLAYS * objective.hessian, MIN_SUCCESSES),
        "max_cat_to_onehot": codes + 1,
        "seed": seed,
    }


def grow_until(
    data: TreeData, parameters: dict[str, Any], growth: Growth, held_out: TreeData
) -> tuple[xgb.Booster, int]:
    """Grow until the held-out loss stops falling; return the booster and the best rounds.

    The loss is computed every 5 rounds, because computing it costs a third of a round.
    """
    fitting = data.quantised()
    watched = [(held_out.quantised(ref=fitting), "held_out")]
    booster = xgb.Booster(threaded(parameters, data), [fitting, watched[0][0]])
    rounds = best_rounds(
        growth,
        lambda number: booster.update(fitting, number),
        lambda number: loss_of(booster, watched, number),
    )
    return booster[:rounds], rounds


def best_rounds(
    growth: Growth, grow: Callable[[int], None], held_out_loss: Callable[[int], float]
) -> int:
    """Grow round by round until the held-out loss stops falling; return the best rounds.

    Both functions get the number of the round, from 0.
    """
    best, rounds = np.inf, growth.min_rounds
    for grown in range(1, growth.max_rounds + 1):
        stop_if_interrupted()
        grow(grown - 1)
        if grown % _CHECKED_EVERY == 0:
            loss = held_out_loss(grown - 1)
            if loss < best:
                best, rounds = loss, grown
            elif grown >= max(rounds + growth.patience, 2 * growth.min_rounds):
                break
    return max(rounds, growth.min_rounds)


def loss_of(booster: xgb.Booster, watched: Sequence[tuple[xgb.DMatrix, str]], number: int) -> float:
    """The mean loss of the watched rows after a round."""
    return float(booster.eval_set(watched, number).rsplit(":", 1)[1])


def grow_rounds(data: TreeData, parameters: dict[str, Any], rounds: int) -> xgb.Booster:
    """Grow a fixed number of rounds."""
    fitting = data.quantised()
    booster = xgb.Booster(threaded(parameters, data), [fitting])
    for number in range(rounds):
        stop_if_interrupted()
        booster.update(fitting, number)
    return booster.reset()


def halved(booster: xgb.Booster) -> xgb.Booster:
    """Return the same trees with half the values at their leaves."""
    model = json.loads(bytes(booster.save_raw("json")))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        is_leaf = np.array(tree["left_children"]) < 0
        for name in ("split_conditions", "base_weights"):
            values = np.array(tree[name])
            tree[name] = np.where(is_leaf, values / 2, values).tolist()
    half = xgb.Booster()
    half.load_model(bytearray(json.dumps(model).encode()))
    return half


def threaded(parameters: dict[str, Any], data: TreeData) -> dict[str, Any]:
    """The parameters with the number of threads that the data are worth."""
    return {**parameters, "nthread": data.threads}


def with_offers(offers: Codes, users: Matrix) -> Matrix:
    """Code of the offer, then the features of the user, float32 (n, 1 + n_features)."""
    matrix = np.empty((len(offers), 1 + users.shape[1]), dtype=np.float32)
    matrix[:, 0] = offers
    matrix[:, 1:] = users
    return matrix
