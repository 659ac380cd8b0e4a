"""Random boosters for tests: XGBoost models whose trees are replaced by random ones.

Training never produces some cases (a threshold of -inf, a code beyond the data, a single leaf), so
the trees in the JSON form of a small booster are replaced.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

Floats = npt.NDArray[np.float32]
Draw = np.random.Generator

OBJECTIVES = ("binary:logistic", "reg:squarederror", "reg:tweedie")

TINY, HUGE = np.float32(1e-45), np.finfo(np.float32).max
SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, TINY, -TINY, HUGE, -HUGE, np.inf, -np.inf, 0.1, 2.5, 7.0],
    dtype=np.float32,
)


@dataclass(frozen=True)
class Case:
    """A booster, its offers (n_offers, n_offer_columns) and users (n_users, the other columns)."""

    booster: xgb.Booster
    offers: Floats
    offer_columns: tuple[int, ...]
    users: Floats

    @property
    def rows(self) -> Floats:
        """Every user with every offer, offers innermost, float32 (n_users * n_offers, columns)."""
        n_users, n_offers = len(self.users), len(self.offers)
        rows = np.empty((n_users, n_offers, self.booster.num_features()), dtype=np.float32)
        user_columns = [f for f in range(rows.shape[2]) if f not in self.offer_columns]
        rows[:, :, list(self.offer_columns)] = self.offers
        rows[:, :, user_columns] = self.users[:, None, :]
        return rows.reshape(n_users * n_offers, -1)

    def expected(self, base_margin: Floats | None = None) -> Floats:
        """XGBoost's own margins, float32 (n_users, n_offers)."""
        start = None if base_margin is None else base_margin.ravel()
        shape = len(self.users), len(self.offers)
        if 0 in shape:
            return np.empty(shape, dtype=np.float32)
        rows = self.rows
        return self.booster.inplace_predict(rows, predict_type="margin", base_margin=start).reshape(
            shape
        )


@dataclass(frozen=True)
class Shape:
    """Size of a random case.

    ``codes`` is the number of codes of a categorical column; trees split on ``split_on`` (None:
    on any column).
    """

    n_trees: int = 5
    depth: int = 4
    n_offers: int = 7
    n_users: int = 70
    offer_columns: tuple[int, ...] = (0, 2)
    n_columns: int = 6
    codes: int = 6
    objective: str = "binary:logistic"
    split_on: tuple[int, ...] | None = None


def random_case(shape: Shape, draw: Draw) -> Case:
    """A booster of random trees, with offers and users drawn from its own thresholds and codes.

    Even columns are categorical, odd ones numeric.
    """
    model = skeleton(shape.n_columns, shape.objective)
    inner = model["learner"]["gradient_booster"]["model"]
    inner["trees"] = [random_tree(shape, draw, i) for i in range(shape.n_trees)]
    inner["tree_info"] = [0] * shape.n_trees
    inner["iteration_indptr"] = list(range(shape.n_trees + 1))
    inner["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": str(shape.n_trees)}
    user_columns = [f for f in range(shape.n_columns) if f not in shape.offer_columns]
    return Case(
        loaded(model),
        random_values(shape, draw, shape.n_offers, list(shape.offer_columns)),
        shape.offer_columns,
        random_values(shape, draw, shape.n_users, user_columns),
    )


def leaf_case(n_offers: int, n_users: int) -> Case:
    """A forest of one leaf that adds -0.0 to every base margin, which leaves its bits unchanged."""
    model = skeleton(1, "reg:squarederror")
    model["learner"]["gradient_booster"]["model"]["trees"] = [
        tree_json([node_json(2**31 - 1, -0.0)], 1, 0)
    ]
    users = np.empty((n_users, 0), dtype=np.float32)
    return Case(loaded(model), np.zeros((n_offers, 1), dtype=np.float32), (0,), users)


def node_json(parent: int, value: float) -> dict[str, Any]:
    """A node without children."""
    empty = {"left": -1, "right": -1, "column": 0, "codes": [], "left_by_default": 0}
    return {"parent": parent, "value": value, **empty}


def loaded(model: dict[str, Any]) -> xgb.Booster:
    """The booster of a JSON form, predicting with one thread."""
    return xgb.Booster({"nthread": 1}, model_file=bytearray(json.dumps(model).encode()))


def skeleton(n_columns: int, objective: str) -> dict[str, Any]:
    """JSON form of a booster of one tree over these columns, even ones categorical."""
    draw = np.random.default_rng(0)
    rows = draw.integers(0, 3, (40, n_columns)).astype(np.float32)
    kinds = ["c" if column % 2 == 0 else "q" for column in range(n_columns)]
    data = xgb.DMatrix(
        rows, label=draw.integers(0, 2, 40), feature_types=kinds, enable_categorical=True
    )
    booster = xgb.train({"objective": objective, "nthread": 1, "max_depth": 1}, data, 1)
    return json.loads(bytes(booster.save_raw("json")))


def random_values(shape: Shape, draw: Draw, n: int, columns: list[int]) -> Floats:
    """Values that a booster may meet: thresholds, special floats, known and unknown codes, NaN."""
    values = np.empty((n, len(columns)), dtype=np.float32)
    for place, column in enumerate(columns):
        if column % 2 == 0:
            values[:, place] = draw.integers(-2, shape.codes + 3, n)
            values[draw.random(n) < 0.05, place] += np.float32(0.5)
        else:
            values[:, place] = draw.choice(SPECIAL, n)
        odd = draw.random(n) < 0.05
        values[odd, place] = draw.choice(SPECIAL, odd.sum())
        values[draw.random(n) < 0.15, place] = np.nan
    return values


def random_tree(shape: Shape, draw: Draw, number: int) -> dict[str, Any]:
    """JSON form of a random tree whose branches end at random depths."""
    nodes, levels = [node_json(2**31 - 1, 0.0)], [0]
    for node, entry in enumerate(nodes):
        level = levels[node]
        if level == shape.depth or draw.random() < 0.15 * level:
            entry["value"] = float(np.float32(draw.normal()) if draw.random() < 0.9 else -0.0)
            continue
        column = int(draw.choice(shape.split_on or range(shape.n_columns)))
        entry.update(left=len(nodes), right=len(nodes) + 1, column=column)
        entry["left_by_default"] = int(draw.integers(2))
        if column % 2 == 0:
            listed = draw.random(shape.codes) < draw.choice([0.1, 0.5, 0.9])
            entry["codes"] = np.flatnonzero(listed).tolist() or [0]
        else:
            entry["value"] = float(draw.choice(SPECIAL))
        nodes += [node_json(node, 0.0), node_json(node, 0.0)]
        levels += [level + 1, level + 1]
    return tree_json(nodes, shape.n_columns, number)


def tree_json(nodes: list[dict[str, Any]], n_columns: int, number: int) -> dict[str, Any]:
    """XGBoost's JSON form of a list of nodes."""
    sets = [(i, node["codes"]) for i, node in enumerate(nodes) if node["codes"]]
    sizes = [len(codes) for _, codes in sets]
    return {
        "id": number,
        "left_children": [node["left"] for node in nodes],
        "right_children": [node["right"] for node in nodes],
        "parents": [node["parent"] for node in nodes],
        "split_indices": [node["column"] for node in nodes],
        "split_conditions": [node["value"] for node in nodes],
        "split_type": [int(bool(node["codes"])) for node in nodes],
        "default_left": [node["left_by_default"] for node in nodes],
        "base_weights": [0.0] * len(nodes),
        "loss_changes": [0.0] * len(nodes),
        "sum_hessian": [1.0] * len(nodes),
        "categories": [code for _, codes in sets for code in codes],
        "categories_nodes": [node for node, _ in sets],
        "categories_segments": [sum(sizes[:i]) for i in range(len(sizes))],
        "categories_sizes": sizes,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(n_columns),
            "num_nodes": str(len(nodes)),
            "size_leaf_vector": "1",
        },
    }
