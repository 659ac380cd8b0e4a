"""Reads a booster through XGBoost's public JSON form into plain arrays.

Supports single-output ``gbtree`` boosters of three objectives and refuses anything else by
name. What XGBoost does at a split (its CPU predictor, tested on real boosters):

===========  ======================================================================================
numeric      left if ``value < threshold``, both float32; missing (NaN) follows the default
categorical  right if the code, cut to an integer, is listed; missing goes the default way; a
             negative, unseen or absurdly large code is not listed, so goes left
===========  ======================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from scorer.arrays import Mask
from scorer.errors import InputError

Integers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

OBJECTIVES = ("binary:logistic", "reg:squarederror", "reg:tweedie")


@dataclass(frozen=True)
class Tree:
    """Nodes of one tree, root first; every array has shape (n_nodes,).

    ``left`` is -1 at leaves. ``value`` is the threshold of a numeric split and the weight of a
    leaf. ``listed`` maps a categorical split to the sorted codes that go right.
    """

    left: Integers
    right: Integers
    feature: Integers
    value: Floats
    default_left: Mask
    listed: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class Forest:
    """Trees in the order in which XGBoost sums them, starting from the margin ``base``."""

    trees: tuple[Tree, ...]
    base: np.float32
    n_features: int
    objective: str


def parse(booster: xgb.Booster) -> Forest:
    """Read a booster's trees.

    Raises
    ------
    InputError
        The booster is not a single-output ``gbtree`` of one of OBJECTIVES.
    """
    model = json.loads(bytes(booster.save_raw("json")))
    learner = model["learner"]
    _refuse_others(learner)
    trees = learner["gradient_booster"]["model"]["trees"]
    return Forest(
        tuple(_tree(tree) for tree in trees),
        _base_margin(model),
        int(learner["learner_model_param"]["num_feature"]),
        learner["objective"]["name"],
    )


def _refuse_others(learner: Mapping[str, Any]) -> None:
    kind, objective = learner["gradient_booster"]["name"], learner["objective"]["name"]
    parameters = learner["learner_model_param"]
    outputs = max(int(parameters["num_class"]), int(parameters.get("num_target", 1)))
    if kind != "gbtree":
        raise InputError(f"cannot read a {kind} booster; only gbtree is understood")
    if objective not in OBJECTIVES:
        raise InputError(f"cannot read objective {objective}; understood: {', '.join(OBJECTIVES)}")
    if outputs > 1:
        raise InputError(f"cannot read a booster with {outputs} outputs; only one is understood")


def _tree(tree: Mapping[str, Any]) -> Tree:
    codes, starts = tree["categories"], tree["categories_segments"]
    sizes, nodes = tree["categories_sizes"], tree["categories_nodes"]
    return Tree(
        np.asarray(tree["left_children"], dtype=np.int32),
        np.asarray(tree["right_children"], dtype=np.int32),
        np.asarray(tree["split_indices"], dtype=np.int32),
        np.asarray(tree["split_conditions"], dtype=np.float32),
        np.asarray(tree["default_left"], dtype=np.bool_),
        {
            node: tuple(sorted(codes[start : start + size]))
            for node, start, size in zip(nodes, starts, sizes, strict=True)
        },
    )


def _base_margin(model: dict[str, Any]) -> np.float32:
    """Return the margin XGBoost starts from, read from XGBoost to avoid rounding differences.

    The same booster predicts with a single leaf of -0.0, which changes no sum. (Without any tree
    XGBoost returns the base score on the scale of the outcome.)
    """
    inner = model["learner"]["gradient_booster"]["model"]
    inner["trees"], inner["tree_info"], inner["iteration_indptr"] = [_LEAF], [0], [0, 1]
    inner["gbtree_model_param"] = {"num_parallel_tree": "1", "num_trees": "1"}
    single = xgb.Booster({"nthread": 1}, model_file=bytearray(json.dumps(model).encode()))
    n_features = int(model["learner"]["learner_model_param"]["num_feature"])
    row = np.zeros((1, n_features), dtype=np.float32)
    return np.float32(single.inplace_predict(row, predict_type="margin")[0])


_LEAF = {
    **{name: [-1] for name in ("left_children", "right_children")},
    **{name: [0] for name in ("split_indices", "split_type", "default_left")},
    **{name: [-0.0] for name in ("split_conditions", "base_weights")},
    **{name: [0.0] for name in ("loss_changes", "sum_hessian")},
    **{f"categories{suffix}": [] for suffix in ("", "_nodes", "_segments", "_sizes")},
    "parents": [2**31 - 1],
    "id": 0,
    "tree_param": {
        "num_deleted": "0",
        "num_feature": "0",
        "num_nodes": "1",
        "size_leaf_vector": "1",
    },
}
