"""Checks the bytes of a booster before XGBoost loads them: a malformed one can crash the process.

The checks cover what the loader and predictor of XGBoost assume: consistent lengths, children that
form a tree, features and categories within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.errors import InputError
from scorer.forest.parsing import OBJECTIVES
from scorer.forest.ubjson import read_ubjson

_MAX_CATEGORY = 1 << 20
_NO_PARENT = 2**31 - 1
_INTEGERS = (
    *("left_children", "right_children", "parents", "split_indices", "split_type"),
    "default_left",
)
_FLOATS = ("split_conditions", "base_weights", "loss_changes", "sum_hessian")
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_SCORE = re.compile(r"\[?-?\d+(\.\d+)?(E-?\d+)?\]?")


def load_booster(data: bytes, n_features: int) -> xgb.Booster:
    """Load a booster from the bytes of ``save_raw("ubj")``.

    Raises
    ------
    InputError
        The bytes are not a single-output ``gbtree`` booster of ``n_features`` features.
    """
    try:
        _check(read_ubjson(data), n_features)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"the booster is malformed: {type(error).__name__} {error}") from None
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(data))
        booster.num_features()
    except xgb.core.XGBoostError as error:
        reason = str(error).split("Stack trace", 1)[0].strip()
        raise InputError(f"XGBoost refuses the booster: {reason}") from None
    return booster


def _require(condition: object, what: str) -> None:
    if not condition:
        raise InputError(f"the booster is malformed: {what}")


def _check(document: Any, n_features: int) -> None:
    version, learner = document["version"], document["learner"]
    _require(len(version) == 3 and all(0 <= int(part) < 1000 for part in version), "version")
    parameters, objective = learner["learner_model_param"], learner["objective"]
    expected = {"num_class": "0", "num_target": "1", "num_feature": str(n_features)}
    for name, value in expected.items():
        _require(parameters[name] == value, f"{name} is {parameters[name]!r}, not {value!r}")
    _require(parameters["boost_from_average"] in ("0", "1"), "boost_from_average")
    _require(_SCORE.fullmatch(parameters["base_score"]), "base_score")
    _require(objective["name"] in OBJECTIVES, "objective")
    for name, inner in objective.items():
        _require(name == "name" or all(map(_is_number, inner.values())), name)
    _require(len(learner["attributes"]) == 0, "attributes")
    for name, known in (
        ("feature_names", None),
        ("feature_types", {"c", "q", "i", "int", "float"}),
    ):
        values = learner[name]
        _require(len(values) in (0, n_features), f"{name} has {len(values)} entries")
        _require(all(isinstance(v, str) and (not known or v in known) for v in values), name)
    _check_trees(learner["gradient_booster"], n_features)


def _check_trees(booster: Mapping[str, Any], n_features: int) -> None:
    model = booster["model"]
    trees, parameters = model["trees"], model["gbtree_model_param"]
    n = len(trees)
    _require(booster["name"] == "gbtree", "gradient_booster")
    _require(isinstance(trees, list), "trees")
    _require(parameters["num_trees"] == str(n), f"num_trees is not {n}")
    _require(parameters["num_parallel_tree"] == "1", "num_parallel_tree")
    _require(list(map(int, model["tree_info"])) == [0] * n, "tree_info")
    _require(list(map(int, model["iteration_indptr"])) == list(range(n + 1)), "iteration_indptr")
    cats = model.get("cats", {})
    _require(all(len(part) == 0 for part in cats.values()), "cats")
    for number, tree in enumerate(trees):
        _require(int(tree["id"]) == number, f"tree {number} has another id")
        _check_tree(tree, f"tree {number}", n_features)


def _check_tree(tree: Mapping[str, Any], name: str, n_features: int) -> None:
    parameters = tree["tree_param"]
    n = len(tree["left_children"])
    _require(n > 0, f"{name} has no node")
    expected = {"num_nodes": str(n), "num_feature": str(n_features)}
    for key, value in expected.items():
        _require(parameters[key] == value, f"{key} of {name} is not {value}")
    _require(parameters["size_leaf_vector"] in ("0", "1"), f"size_leaf_vector of {name}")
    integers = {key: _integers(tree[key], n, f"{key} of {name}") for key in _INTEGERS}
    for key in _FLOATS:
        values = np.asarray(tree[key])
        _require(values.dtype.kind == "f" and values.shape == (n,), f"{key} of {name}")
        _require(
            key in ("loss_changes", "sum_hessian") or np.isfinite(values).all(), f"{key} of {name}"
        )
    _within(integers["split_indices"], n_features, f"split_indices of {name}")
    for key in ("split_type", "default_left"):
        _within(integers[key], 2, f"{key} of {name}")
    deleted = n - len(_reached(integers, name))
    _require(parameters["num_deleted"] == str(deleted), f"num_deleted of {name}")
    _check_categories(tree, integers, name)


def _reached(nodes: Mapping[str, Any], name: str) -> set[int]:
    """Nodes that the root reaches, each on exactly one path."""
    left, right, parents = nodes["left_children"], nodes["right_children"], nodes["parents"]
    _require(parents[0] == _NO_PARENT, f"parents of {name}")
    reached, waiting = {0}, [0]
    while waiting:
        node = waiting.pop()
        children = [int(left[node]), int(right[node])]
        if children == [-1, -1]:
            continue
        for child in children:
            within = 0 < child < len(left) and child not in reached
            _require(within and parents[child] == node, f"the children of node {node} of {name}")
            reached.add(child)
            waiting.append(child)
    return reached


def _check_categories(tree: Mapping[str, Any], nodes: Mapping[str, Any], name: str) -> None:
    """Check that the list holds the codes of each categorical split, one split after the other."""
    codes, owners, starts, sizes = (
        _integers(tree[key], len(tree[key]), f"{key} of {name}") for key in _CATEGORIES
    )
    _within(codes, _MAX_CATEGORY, f"categories of {name}")
    splits = np.flatnonzero((nodes["split_type"] == 1) & (nodes["left_children"] >= 0))
    _require(set(splits.tolist()) == set(owners.tolist()), f"categories_nodes of {name}")
    _within(owners, len(nodes["split_type"]), f"categories_nodes of {name}")
    _require((np.diff(owners) > 0).all(), f"categories_nodes of {name}")
    _require(len(owners) == len(starts) == len(sizes), f"categories_sizes of {name}")
    _require((sizes > 0).all(), f"categories_sizes of {name}")
    ends = np.cumsum(sizes)
    _require(np.array_equal(starts, ends - sizes), f"categories_segments of {name}")
    _require((ends[-1] if len(ends) else 0) == len(codes), f"categories of {name}")


def _integers(values: Any, length: int, name: str) -> Any:
    array = np.asarray(values, dtype=None if len(values) else np.int64)
    _require(array.dtype.kind in "iu" and array.shape == (length,), name)
    return array.astype(np.int64)


def _within(values: Any, limit: int, name: str) -> None:
    _require(((values >= 0) & (values < limit)).all(), name)


def _is_number(text: Any) -> bool:
    return isinstance(text, str) and re.fullmatch(r"-?\d+(\.\d+)?(E-?\d+)?", text) is not None
