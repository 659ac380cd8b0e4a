"""Trees of each offer alone, on top of trees of all offers together: growth and one booster.

The common trees do not see the offer. Then each offer grows trees on its own displays, from the
margins of the common ones, so that with few displays it stays close to all others. The number of
own rounds is the same for all offers. Afterwards every own tree is hung below a split on its offer,
and one booster holds all of them: :class:`.offer_trees.OfferTrees` needs no other kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xgboost as xgb

from scorer.arrays import Matrix
from scorer.models.boosting import (
    Growth,
    TreeData,
    best_rounds,
    grow_rounds,
    grow_until,
    loss_of,
    threaded,
)

COMMON = Growth(max_depth=4, eta=0.3, min_rounds=10, max_rounds=60)
OWN = Growth(max_depth=3, eta=0.2, min_rounds=5, max_rounds=40, patience=10)
_NO_PARENT = 2**31 - 1


@dataclass(frozen=True)
class Rounds:
    """Rounds of the trees of all offers, and of those of each offer."""

    common: int
    own: int


@dataclass(frozen=True)
class Grown:
    """The trees of all offers, and those of each offer."""

    common: xgb.Booster
    own: dict[int, xgb.Booster]

    def merged(self) -> xgb.Booster:
        """One booster of all trees."""
        return merged(self.common, self.own)


def grow_and_count(
    data: TreeData, parameters: dict[str, Any], held_out: TreeData
) -> tuple[Grown, Rounds]:
    """Grow on ``data`` as many rounds as held-out rows want; the first column is the offer."""
    common, common_rounds = grow_until(
        _without_offers(data), _deep(parameters, COMMON), COMMON, _without_offers(held_out)
    )
    known, own, watched = _started(held_out, common), {}, []
    for offer, part in _by_offer(_started(data, common)):
        fitting = part.quantised()
        booster = xgb.Booster(threaded(_deep(parameters, OWN), part), [fitting])
        own[offer] = (booster, fitting)
        held = known.take(known.matrix[:, 0] == offer)
        if len(held.outcomes):
            watched.append((float(held.size), booster, [(held.quantised(ref=fitting), "held_out")]))

    def grow(number: int) -> None:
        for booster, fitting in own.values():
            booster.update(fitting, number)

    def loss(number: int) -> float:
        losses = (weight * loss_of(booster, held, number) for weight, booster, held in watched)
        return sum(losses, 0.0)

    best = best_rounds(OWN, grow, loss)
    boosters = {offer: booster[:best] for offer, (booster, _) in own.items()}
    return Grown(common, boosters), Rounds(common_rounds, best)


def grow_own(data: TreeData, parameters: dict[str, Any], rounds: Rounds) -> Grown:
    """Grow fixed numbers of rounds; the first column of the data is the offer."""
    common = grow_rounds(_without_offers(data), _deep(parameters, COMMON), rounds.common)
    own = {
        offer: grow_rounds(part, _deep(parameters, OWN), rounds.own)
        for offer, part in _by_offer(_started(data, common))
    }
    return Grown(common, own)


def _deep(parameters: dict[str, Any], growth: Growth) -> dict[str, Any]:
    return {**parameters, "max_depth": growth.max_depth, "eta": growth.eta}


def _without_offers(data: TreeData) -> TreeData:
    matrix = data.matrix.copy()
    matrix[:, 0] = 0
    return replace(data, matrix=matrix)


def _started(data: TreeData, common: xgb.Booster) -> TreeData:
    """The data with the margins of the common trees to start from."""
    margins: Matrix = common.inplace_predict(data.matrix, predict_type="margin")
    return replace(data, start=margins)


def _by_offer(data: TreeData) -> Iterator[tuple[int, TreeData]]:
    """The rows of each offer that has some."""
    for offer in np.unique(data.matrix[:, 0]).astype(int).tolist():
        yield offer, data.take(data.matrix[:, 0] == offer)


def merged(common: xgb.Booster, own: dict[int, xgb.Booster]) -> xgb.Booster:
    """One booster of the common trees and, below splits on their offers, of the own trees."""
    model = json.loads(bytes(common.save_raw("json")))
    inner = model["learner"]["gradient_booster"]["model"]
    found = {offer: _trees(booster) for offer, booster in own.items()}
    total = sum(trees[0]["sum_hessian"][0] for trees in found.values())
    trees = inner["trees"] + [
        _below_offer(tree, offer, total) for offer, grown in found.items() for tree in grown
    ]
    for number, tree in enumerate(trees):
        tree["id"] = number
    inner["trees"], inner["tree_info"] = trees, [0] * len(trees)
    inner["iteration_indptr"] = list(range(len(trees) + 1))
    inner["gbtree_model_param"]["num_trees"] = str(len(trees))
    booster = xgb.Booster()
    booster.load_model(bytearray(json.dumps(model).encode()))
    return booster


def _trees(booster: xgb.Booster) -> list[dict[str, Any]]:
    model = json.loads(bytes(booster.save_raw("json")))
    trees: list[dict[str, Any]] = model["learner"]["gradient_booster"]["model"]["trees"]
    return trees


def _below_offer(tree: dict[str, Any], offer: int, total: float) -> dict[str, Any]:
    """The tree for one offer and 0 for the others; ``total`` is the Hessian of all offers."""
    inner = tree["sum_hessian"][0]
    root_and_leaf = {
        "left_children": [1, -1],
        "right_children": [2, -1],
        "parents": [_NO_PARENT, 0],
        "split_indices": [0, 0],
        "split_type": [1, 0],
        "default_left": [1, 0],
        "split_conditions": [0.0, 0.0],
        "base_weights": [0.0, 0.0],
        "loss_changes": [0.0, 0.0],
        "sum_hessian": [total, max(total - inner, 0.0)],
        "categories": [offer],
        "categories_nodes": [0],
        "categories_segments": [0],
        "categories_sizes": [1],
    }
    moved = dict(tree)
    for name in ("left_children", "right_children"):
        moved[name] = [child + 2 if child >= 0 else -1 for child in tree[name]]
    moved["parents"] = [0, *(parent + 2 for parent in tree["parents"][1:])]
    moved["categories_nodes"] = [node + 2 for node in tree["categories_nodes"]]
    moved["categories_segments"] = [start + 1 for start in tree["categories_segments"]]
    nodes = str(len(tree["left_children"]) + 2)
    return {
        **moved,
        **{name: start + moved[name] for name, start in root_and_leaf.items()},
        "tree_param": {**tree["tree_param"], "num_nodes": nodes},
    }
