"""The program of single requests: one user, with the offers in the lanes.

For a single request it is faster to walk each tree. At a split on a user column the walk takes one
branch. At a split on an offer column it takes both, because every leaf knows its offers: one bit
per offer, in words of 64. A leaf writes its weight to those offers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scorer.forest.parsing import Forest, Integers, Tree
from scorer.forest.reduction import Numbers, OfferSide, offers_at_nodes, split_of

N_BITS = 64
LEAF, BOTH, NUMERIC, CATEGORICAL = 0, 1, 2, 3


# One node, 28 contiguous bytes: a walk jumps from node to node, and each jump may miss the cache.
# ``column``: user column of a split, first word of a leaf. ``value``: threshold of a numeric split,
# weight of a leaf. ``listed``, ``n_listed``: where a categorical split's codes start, how many.
NODE = np.dtype(
    [
        ("value", np.float32),
        ("column", np.int32),
        ("left", np.int32),
        ("right", np.int32),
        ("listed", np.int32),
        ("n_listed", np.int32),
        ("kind", np.uint8),
        ("missing_left", np.uint8),
    ],
    align=True,
)


class Walk(NamedTuple):
    """Trees in the form that one user walks.

    Attributes
    ----------
    base : margin before the first tree.
    roots : int32 (n_trees,), nodes.
    nodes : NODE (n_nodes,), of all trees.
    is_listed : uint8, 1 where a code goes right; one segment per categorical split.
    words : uint64, offers of the leaves: one bit each.
    """

    base: np.float32
    roots: Integers
    nodes: npt.NDArray[np.void]
    is_listed: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint64]


class _Node(NamedTuple):
    """Fields of NODE."""

    value: np.float32
    column: int
    left: int
    right: int
    listed: int
    n_listed: int
    kind: int
    missing_left: bool


class _Writer:
    def __init__(self, offers: OfferSide, places: dict[int, int]) -> None:
        self.offers, self.places = offers, places
        self.nodes: list[_Node] = []
        self.tables: list[npt.NDArray[np.uint8]] = []
        self.words: list[npt.NDArray[np.uint64]] = []
        self._n_listed = 0

    def add(self, tree: Tree) -> int:
        """Add a tree's nodes, children first; returns the root's number."""
        reach = offers_at_nodes(tree, self.offers)
        numbers: dict[int, int] = {}
        for node in reversed(reach):
            numbers[node] = self._add_node(tree, node, reach[node], numbers)
        return numbers[0]

    def _add_node(self, tree: Tree, node: int, members: Numbers, numbers: dict[int, int]) -> int:
        value = tree.value[node]
        if tree.left[node] < 0:
            word = self._add_words(members)
            return self._append(_Node(value, word, 0, 0, 0, 0, LEAF, False))
        left, right = numbers.get(int(tree.left[node])), numbers.get(int(tree.right[node]))
        if left is None or right is None:
            return left if right is None else right  # type: ignore[return-value]
        feature, by, missing_left = split_of(tree, node)
        if feature in self.offers:
            return self._append(_Node(value, 0, left, right, 0, 0, BOTH, False))
        column, listed, kind = self.places[feature], (0, 0), NUMERIC
        if isinstance(by, tuple):
            listed, kind = self._add_table(by), CATEGORICAL
        return self._append(_Node(value, column, left, right, *listed, kind, missing_left))

    def _append(self, node: _Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _add_table(self, codes: tuple[int, ...]) -> tuple[int, int]:
        table = np.zeros(max(codes, default=-1) + 1, dtype=np.uint8)
        table[list(codes)] = 1
        self.tables.append(table)
        self._n_listed += table.size
        return self._n_listed - table.size, table.size

    def _add_words(self, members: Numbers) -> int:
        n_words = words_for(len(self.offers.offers))
        bits = np.zeros(n_words * N_BITS, dtype=np.uint8)
        bits[members] = 1
        self.words.append(np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64))
        return (len(self.words) - 1) * n_words


def words_for(n_offers: int) -> int:
    """Words of 64 offers."""
    return -(-n_offers // N_BITS)


def make_walk(forest: Forest, offers: OfferSide, places: dict[int, int]) -> Walk:
    """Build the walk for these offers; ``places`` maps the booster's features to user columns."""
    writer = _Writer(offers, places)
    roots = [writer.add(tree) for tree in forest.trees] if len(offers.offers) else []
    return Walk(
        forest.base,
        np.array(roots, dtype=np.int32),
        np.array(writer.nodes, dtype=NODE),
        np.concatenate([np.empty(0, np.uint8), *writer.tables]),
        np.concatenate([np.empty(0, np.uint64), *writer.words]),
    )
