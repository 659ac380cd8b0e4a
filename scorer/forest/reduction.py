"""Partial evaluation: for a known offer, a tree reduces to a smaller tree over the user alone.

Equal reduced trees get equal numbers, so offers that a tree does not distinguish share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scorer.arrays import Mask
from scorer.forest.parsing import Floats, Tree

Numbers = npt.NDArray[np.int64]

# A split of the tree: feature, threshold or listed codes, whether missing goes left.
Split = tuple[int, float | tuple[int, ...], bool]

# float32 does not hold every integer from here on: XGBoost treats such codes as invalid.
INVALID_CODE = 2.0**24


def goes_left(values: Floats, split: Split) -> Mask:
    """Return which values go left at a split, bool (n,)."""
    _, by, default_left = split
    if isinstance(by, tuple):
        left = ~np.isin(np.trunc(values), np.array(by, dtype=np.float32)) | (values < 0)
    else:
        left = values < np.float32(by)
    return np.where(np.isnan(values), default_left, left)


def split_of(tree: Tree, node: int) -> Split:
    """The split at a node."""
    feature, default_left = int(tree.feature[node]), bool(tree.default_left[node])
    by = tree.listed.get(node)
    return feature, float(tree.value[node]) if by is None else by, default_left


class OfferSide:
    """Offers as rows of the booster's offer columns; decides which of them go left at a split."""

    def __init__(self, offers: Floats, columns: Sequence[int]) -> None:
        self.offers = offers
        self.places = {feature: place for place, feature in enumerate(columns)}
        self._answers: dict[Split, Mask] = {}

    def __contains__(self, feature: int) -> bool:
        return feature in self.places

    def goes_left(self, split: Split) -> Mask:
        """Shape (n_offers,)."""
        if split not in self._answers:
            values = self.offers[:, self.places[split[0]]]
            self._answers[split] = goes_left(values, split)
        return self._answers[split]


class Node(NamedTuple):
    """A node of a reduced tree: a leaf where ``split`` is None, else a choice between two nodes.

    ``weight`` belongs to the leaf, or to the leftmost leaf below; ``size`` counts choices.
    """

    split: Split | None
    left: int
    right: int
    weight: np.float32
    size: int


class ReducedTrees:
    """Reduced trees that share their nodes: equal subtrees are stored once and have one number."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[object, int] = {}

    def leaf(self, weight: np.float32) -> int:
        """Return the number of the leaf; 0.0 and -0.0 are different weights."""
        return self._number(weight.tobytes(), Node(None, -1, -1, weight, 0))

    def choice(self, split: Split, left: int, right: int) -> int:
        """Return the number of the choice; a choice between equal nodes is that node."""
        if left == right:
            return left
        below = self.nodes[left], self.nodes[right]
        size = 1 + below[0].size + below[1].size
        return self._number((split, left, right), Node(split, left, right, below[0].weight, size))

    def _number(self, key: object, node: Node) -> int:
        number = self._numbers.setdefault(key, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number


def reduce_tree(tree: Tree, offers: OfferSide, reduced: ReducedTrees) -> Numbers:
    """Return the number of the reduced tree of every offer, int64 (n_offers,).

    Works without recursion: downwards, find which offers reach which node; upwards, reduce the
    node for each of them (to one number where they all agree).
    """
    if len(offers.offers) == 0:
        return np.empty(0, dtype=np.int64)
    reach = offers_at_nodes(tree, offers)
    numbers: dict[int, int | Numbers] = {}
    for node in reversed(reach):
        if tree.left[node] < 0:
            numbers[node] = reduced.leaf(tree.value[node])
            continue
        left, right = numbers.get(int(tree.left[node])), numbers.get(int(tree.right[node]))
        split = split_of(tree, node)
        if split[0] not in offers:
            numbers[node] = _choices(reduced, split, left, right)  # type: ignore[arg-type]
        elif left is None or right is None:
            numbers[node] = left if right is None else right  # type: ignore[assignment]
        else:
            numbers[node] = _merged(offers.goes_left(split)[reach[node]], left, right)
    return np.broadcast_to(np.asarray(numbers[0], dtype=np.int64), (len(offers.offers),))


def offers_at_nodes(tree: Tree, offers: OfferSide) -> dict[int, Numbers]:
    """Return the offers that can reach each node, parents first; omits nodes that none reaches."""
    reach: dict[int, Numbers] = {}
    waiting = [(0, np.arange(len(offers.offers)))]
    while waiting:
        node, members = waiting.pop()
        if members.size == 0:
            continue
        reach[node] = members
        if tree.left[node] < 0:
            continue
        split = split_of(tree, node)
        left = right = members
        if split[0] in offers:
            goes = offers.goes_left(split)[members]
            left, right = members[goes], members[~goes]
        waiting += [(int(tree.left[node]), left), (int(tree.right[node]), right)]
    return reach


def _merged(goes: Mask, left: int | Numbers, right: int | Numbers) -> int | Numbers:
    if isinstance(left, int) and isinstance(right, int) and left == right:
        return left
    merged = np.empty(goes.size, dtype=np.int64)
    merged[goes], merged[~goes] = left, right
    return merged


def _choices(
    reduced: ReducedTrees, split: Split, left: int | Numbers, right: int | Numbers
) -> int | Numbers:
    if isinstance(left, int) and isinstance(right, int):
        return reduced.choice(split, left, right)
    pairs = np.asarray(left, dtype=np.int64) << 32 | np.asarray(right, dtype=np.int64)
    distinct, place = np.unique(pairs, return_inverse=True)
    made = [reduced.choice(split, pair >> 32, pair & 0xFFFFFFFF) for pair in distinct.tolist()]
    return np.array(made, dtype=np.int64)[place]
