"""The program that kernels run: flat arrays, written once per forest and set of offers.

A program works on 64 users at a time. A condition on users is then one 64-bit word, a *mask* with
one bit per user; a *row* holds one float32 per user. Per tree and class of offers:

    row = weight everywhere            (or a copy of another class's row)
    row = weight where mask            once per leaf that differs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from scorer.forest.conditions import EVERYBODY, Conditions
from scorer.forest.parsing import Floats, Integers
from scorer.forest.reduction import Node, Numbers, Split

# A group of trees ends when its rows (256 bytes each) no longer fit the fastest cache.
_MAX_ROWS = 96
_MAX_TREES = 16
_NOTHING = -1


class Program(NamedTuple):
    """The steps for 64 users, one group of trees after another.

    Attributes
    ----------
    conditions : the masks that do not depend on the tree.
    base : margin before the first tree.
    n_offers, n_rows, n_masks : sizes of the workspace (rows and masks of the largest group).
    groups : int32 (n_groups + 1, 4), where each group starts in ``paths``, ``classes`` and
        ``members``, and how many trees came before it.
    paths : int32 (n, 3): mask number ``n_masks`` of the conditions + i within the group is
        (mask a) and (mask b, inverted where the third is 1).
    classes : int32 (n + 1, 2), row of the group to copy (-1: none), where its blends start.
    start : float32 (n,), weight where no row is copied.
    blend_mask, blend_weight : int32 and float32 (n_blends,), write the weight where the mask is.
    members : int32, row of the group for each offer and tree: offer by offer, trees innermost.
    """

    conditions: Conditions
    base: np.float32
    n_offers: int
    n_rows: int
    n_masks: int
    groups: Integers
    paths: Integers
    classes: Integers
    start: Floats
    blend_mask: Integers
    blend_weight: Floats
    members: Integers


class ProgramWriter:
    """Writes a program tree by tree."""

    def __init__(self, conditions: Conditions, masks: Mapping[Split, int], n_offers: int) -> None:
        self._conditions, self._masks, self._n_offers = conditions, masks, n_offers
        self._groups = [(0, 0, 0, 0)]
        self._paths: list[tuple[int, int, int]] = []
        self._classes: list[tuple[int, int]] = []
        self._start: list[np.float32] = []
        self._blends: list[tuple[int, np.float32]] = []
        self._members: list[Integers] = []
        self._known_paths: dict[tuple[int, int, int], int] = {}
        self._open: list[Integers] = []

    def add(self, nodes: list[Node], numbers: Numbers) -> None:
        """Add the next tree: its reduced nodes and the number of each offer's reduced tree."""
        distinct, place, count = np.unique(numbers, return_inverse=True, return_counts=True)
        order = np.argsort(-count, kind="stable")
        if self._rows + distinct.size > _MAX_ROWS or len(self._open) == _MAX_TREES:
            self._close()
        rank = np.empty(order.size, dtype=np.int32)
        rank[order] = self._rows + np.arange(order.size)
        first = len(self._classes)
        written: list[int] = []
        for number in distinct[order].tolist():
            self._add_class(nodes, number, written, first)
            written.append(number)
        self._open.append(rank[place])

    def finish(self, base: np.float32) -> Program:
        """Return the program."""
        self._close()
        groups = np.array(self._groups, dtype=np.int32)
        ends = [*self._classes, (_NOTHING, len(self._blends))]
        sizes = np.diff(groups[:, :2], axis=0).max(axis=0, initial=0)
        return Program(
            self._conditions,
            base,
            self._n_offers,
            int(sizes[1]),
            self._conditions.n_masks + int(sizes[0]),
            groups,
            np.array(self._paths, dtype=np.int32).reshape(-1, 3),
            np.array(ends, dtype=np.int32),
            np.array(self._start, dtype=np.float32),
            np.array([mask for mask, _ in self._blends], dtype=np.int32),
            np.array([weight for _, weight in self._blends], dtype=np.float32),
            np.concatenate([np.empty(0, np.int32), *self._members]),
        )

    @property
    def _rows(self) -> int:
        return len(self._classes) - self._groups[-1][1]

    def _close(self) -> None:
        if not self._open:
            return
        self._members.append(np.stack(self._open, axis=1).ravel())
        _, _, members, trees = self._groups[-1]
        members, trees = members + self._members[-1].size, trees + len(self._open)
        self._groups.append((len(self._paths), len(self._classes), members, trees))
        self._open, self._known_paths = [], {}

    def _add_class(self, nodes: list[Node], number: int, written: list[int], first: int) -> None:
        """Start from a weight, the largest class or the last one, whichever needs fewest blends."""
        copied, cost = _NOTHING, nodes[number].size
        for place in {0, len(written) - 1} if written else ():
            needed = _difference(nodes, written[place], number, cost)
            if needed < cost:
                copied, cost = place, needed
        row = copied if copied == _NOTHING else first + copied - self._groups[-1][1]
        self._classes.append((row, len(self._blends)))
        self._start.append(nodes[number].weight)
        self._blend(nodes, written[copied] if copied != _NOTHING else _NOTHING, number)

    def _blend(self, nodes: list[Node], old: int, new: int) -> None:
        """Return the blends that turn the row of one reduced tree into the row of another.

        A region that differs is first written with the weight of its leftmost leaf. From then on
        (and where no row was copied) ``old`` is that leaf, and only right branches are missing.
        """
        waiting = [(old, new, EVERYBODY)]
        while waiting:
            old, new, path = waiting.pop()
            node = nodes[new]
            if old == new:
                continue
            if old != _NOTHING and not _alike(nodes[old], node):
                self._blends.append((path, node.weight))
                old = _NOTHING
            if node.split is None:
                continue
            if old != _NOTHING:
                sides = (nodes[old].left, node.left), (nodes[old].right, node.right)
            else:
                sides = (_NOTHING, node.left), (_NOTHING, node.right)
                self._blends.append((self._path(path, node.split, 1), nodes[node.right].weight))
            for right, (before, after) in enumerate(sides):
                if before != after and (before != _NOTHING or nodes[after].size):
                    waiting.append((before, after, self._path(path, node.split, right)))

    def _path(self, path: int, split: Split, right: int) -> int:
        """Return the mask of users who follow a path and then go left (0) or right (1)."""
        mask = self._masks[split]
        if path == EVERYBODY and not right:
            return mask
        key = (path, mask, right)
        if key not in self._known_paths:
            self._known_paths[key] = self._conditions.n_masks + len(self._known_paths)
            self._paths.append(key)
        return self._known_paths[key]


def _alike(old: Node, new: Node) -> bool:
    return old.split is not None and old.split == new.split


def _difference(nodes: list[Node], old: int, new: int, limit: int) -> int:
    """Count the blends that turn one row into another; stops counting at ``limit``."""
    needed, waiting = 0, [(old, new)]
    while waiting and needed < limit:
        a, b = waiting.pop()
        if a == b:
            continue
        if _alike(nodes[a], nodes[b]):
            waiting.append((nodes[a].left, nodes[b].left))
            waiting.append((nodes[a].right, nodes[b].right))
        else:
            needed += 1 + nodes[b].size
    return needed
