"""Compiles a parsed forest for given offers: each tree is evaluated as far as the offers determine
it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scorer.errors import InputError
from scorer.forest.conditions import make_conditions
from scorer.forest.parsing import Floats, Forest
from scorer.forest.programs import Program, ProgramWriter
from scorer.forest.reduction import OfferSide, ReducedTrees, reduce_tree
from scorer.forest.walks import Walk, make_walk


class CompiledForest(NamedTuple):
    """A forest evaluated as far as the offers determine it.

    ``program`` scores users in blocks; ``walk`` writes, when asked, what single requests use.
    """

    program: Program
    forest: Forest
    offers: OfferSide
    places: dict[int, int]

    def walk(self) -> Walk:
        """The program of single requests."""
        return make_walk(self.forest, self.offers, self.places)


def compile_forest(
    forest: Forest, offers: Floats, offer_columns: Sequence[int] = (0,)
) -> CompiledForest:
    """Write the program that scores these offers for any users.

    Parameters
    ----------
    forest : Forest
        From :func:`scorer.forest.parsing.parse`.
    offers : float32 array of shape (n_offers, n_offer_columns)
        Values of the offer columns of the booster for each offer (anything known before the user: a
        code, one-hot columns, attributes, the placement).
    offer_columns : sequence of int
        The booster's feature numbers of those columns; all other features are user columns, in
        order.

    Raises
    ------
    InputError
        The shapes do not fit the forest.
    """
    offers = np.ascontiguousarray(offers, dtype=np.float32)
    _check(forest, offers, offer_columns)
    side = OfferSide(offers, offer_columns)
    trees = []
    for tree in forest.trees:
        reduced = ReducedTrees()
        trees.append((reduced.nodes, reduce_tree(tree, side, reduced)))
    mine = [feature for feature in range(forest.n_features) if feature not in side]
    places = {feature: place for place, feature in enumerate(mine)}
    splits = (node.split for nodes, _ in trees for node in nodes if node.split is not None)
    conditions, masks = make_conditions(splits, places)
    writer = ProgramWriter(conditions, masks, len(offers))
    for nodes, numbers in trees:
        writer.add(nodes, numbers)
    return CompiledForest(writer.finish(forest.base), forest, side, places)


def _check(forest: Forest, offers: Floats, offer_columns: Sequence[int]) -> None:
    distinct = set(offer_columns)
    if offers.ndim != 2 or offers.shape[1] != len(offer_columns):
        raise InputError(f"offers have shape {offers.shape}, their columns are {offer_columns}")
    if len(distinct) < len(offer_columns) or not distinct <= set(range(forest.n_features)):
        raise InputError(
            f"offer columns {list(offer_columns)} are not different features of the booster, "
            f"which has {forest.n_features}"
        )
