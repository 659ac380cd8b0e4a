"""The other program: one user, offers in the lanes.

For a single request it is quicker to walk each tree. The user decides at the user's splits; at an
offer's split the walk takes both branches, because every leaf knows which offers it is for: one
bit per offer, in words of 64. A leaf writes its weight to those offers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scorer.forest.parsing import Floats, Forest, Integers, Tree
from scorer.forest.reduction import Numbers, OfferSide, offers_at_nodes, split_of

N_BITS = 64
LEAF, BOTH, NUMERIC, CATEGORICAL = 0, 1, 2, 3


class Walk(NamedTuple):
    """Trees as one user walks them; the nodes of all trees in one array.

    Attributes
    ----------
    base : margin before the first tree.
    n_offers : offers of each leaf's words, spare bits not among them.
    roots : int32 (n_trees,).
    kind : uint8 (n_nodes,): LEAF, BOTH (an offer's split), NUMERIC or CATEGORICAL.
    column : int32 (n_nodes,), user column of a split; first word of a leaf.
    value : float32 (n_nodes,), threshold of a numeric split, weight of a leaf.
    missing_left : uint8 (n_nodes,).
    children : int32 (n_nodes, 2), left and right.
    listed : int32 (n_nodes, 2), where the codes of a categorical split start and how many.
    is_listed : uint8, 1 where a code goes right; one stretch per categorical split.
    words : uint64, offers of the leaves.
    """

    base: np.float32
    n_offers: int
    roots: Integers
    kind: npt.NDArray[np.uint8]
    column: Integers
    value: Floats
    missing_left: npt.NDArray[np.uint8]
    children: Integers
    listed: Integers
    is_listed: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint64]


class _Node(NamedTuple):
    kind: int
    column: int = 0
    value: np.float32 = np.float32(0)
    missing_left: bool = False
    children: tuple[int, int] = (0, 0)
    listed: tuple[int, int] = (0, 0)


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
        if tree.left[node] < 0:
            return self._append(_Node(LEAF, self._add_words(members), tree.value[node]))
        sides = numbers.get(int(tree.left[node])), numbers.get(int(tree.right[node]))
        feature, by, missing_left = split_of(tree, node)
        if sides[0] is None or sides[1] is None:
            return sides[0] if sides[1] is None else sides[1]  # type: ignore[return-value]
        children = sides[0], sides[1]
        if feature in self.offers:
            return self._append(_Node(BOTH, children=children))
        column = self.places[feature]
        if not isinstance(by, tuple):
            value = tree.value[node]
            return self._append(_Node(NUMERIC, column, value, missing_left, children))
        listed = self._add_table(by)
        return self._append(
            _Node(CATEGORICAL, column, np.float32(0), missing_left, children, listed)
        )

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
    """Write the walk of these offers; ``places`` maps the booster's features to user columns."""
    writer = _Writer(offers, places)
    roots = [writer.add(tree) for tree in forest.trees] if len(offers.offers) else []
    nodes = writer.nodes
    return Walk(
        forest.base,
        len(offers.offers),
        np.array(roots, dtype=np.int32),
        np.array([node.kind for node in nodes], dtype=np.uint8),
        np.array([node.column for node in nodes], dtype=np.int32),
        np.array([node.value for node in nodes], dtype=np.float32),
        np.array([node.missing_left for node in nodes], dtype=np.uint8),
        np.array([node.children for node in nodes], dtype=np.int32).reshape(-1, 2),
        np.array([node.listed for node in nodes], dtype=np.int32).reshape(-1, 2),
        np.concatenate([np.empty(0, np.uint8), *writer.tables]),
        np.concatenate([np.empty(0, np.uint64), *writer.words]),
    )
