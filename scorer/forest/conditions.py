"""Conditions on single user columns, each evaluated once for 64 users and shared by all trees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scorer.forest.parsing import Floats, Integers
from scorer.forest.reduction import Split

# Mask number 0 has every bit set.
EVERYBODY = 0


class Conditions(NamedTuple):
    """Which users go left at each split: one mask per condition.

    Masks are numbered: 0 for all users, then numeric conditions, then the parts of categorical
    columns, then categorical conditions. The parts of a column hold each user once: missing
    values, codes that no condition lists, and one part per listed code.

    Attributes
    ----------
    column : int32 (n_numeric,), user column of ``value < threshold``.
    threshold : float32 (n_numeric,), threshold of ``value < threshold``.
    missing_right : the first ``missing_right`` numeric conditions send missing values right.
    part_column : int32 (n_categorical_columns,), user column that is cut into parts.
    part_mask : int32 (n_categorical_columns + 1,), mask of its first part; last, of the first set.
    part_table : int32, part of each code (0 missing, 1 not listed), column after column.
    table_start : int32 (n_categorical_columns + 1,), where a column's codes start.
    set_masks : int32, part masks of the categorical conditions, condition after condition.
    set_start : int32 (n_sets + 1,), where a condition's masks start.
    set_left : uint8 (n_sets,), 1 where users in those parts go left, 0 where they go right.
    """

    column: Integers
    threshold: Floats
    missing_right: int
    part_column: Integers
    part_mask: Integers
    part_table: Integers
    table_start: Integers
    set_masks: Integers
    set_start: Integers
    set_left: npt.NDArray[np.uint8]
    n_masks: int


def make_conditions(
    splits: Iterable[Split], places: Mapping[int, int]
) -> tuple[Conditions, dict[Split, int]]:
    """Return the conditions of the splits and the mask number of each split.

    ``places`` maps the booster's features to user columns.
    """
    wanted = list(dict.fromkeys(splits))
    sets = [split for split in wanted if isinstance(split[1], tuple)]
    numeric = sorted((s for s in wanted if not isinstance(s[1], tuple)), key=lambda s: s[2])
    parts = _Parts(sets, 1 + len(numeric))
    chosen = [parts.chosen(split) for split in sets]
    order = [*numeric, *parts.placeholders, *sets]
    conditions = Conditions(
        column=_integers(places[s[0]] for s in numeric),
        threshold=np.array([s[1] for s in numeric], dtype=np.float32),
        missing_right=sum(not s[2] for s in numeric),
        part_column=_integers(places[feature] for feature in parts.first),
        part_mask=_integers([*parts.first.values(), 1 + len(numeric) + len(parts.placeholders)]),
        part_table=np.concatenate([np.empty(0, np.int32), *parts.tables]),
        table_start=_starts(table.size for table in parts.tables),
        set_masks=_integers(mask for masks, _ in chosen for mask in masks),
        set_start=_starts(len(masks) for masks, _ in chosen),
        set_left=np.array([left for _, left in chosen], dtype=np.uint8),
        n_masks=1 + len(order),
    )
    return conditions, {s: 1 + i for i, s in enumerate(order) if s is not None}


class _Parts:
    """Parts of the categorical columns among some splits."""

    def __init__(self, sets: list[Split], first_mask: int) -> None:
        self.first: dict[int, int] = {}
        self.codes: dict[int, list[int]] = {}
        self.tables: list[Integers] = []
        self.placeholders: list[None] = []
        for feature in dict.fromkeys(split[0] for split in sets):
            listed = {c for s in sets if s[0] == feature for c in s[1]}  # type: ignore[union-attr]
            self.codes[feature] = sorted(listed)
            self.first[feature] = first_mask + len(self.placeholders)
            self.placeholders += [None] * (2 + len(listed))
            table = np.ones(max(listed, default=-1) + 1, dtype=np.int32)
            table[self.codes[feature]] = 2 + np.arange(len(listed))
            self.tables.append(table)

    def chosen(self, split: Split) -> tuple[list[int], bool]:
        """Part masks of those who go left (True) or right (False), whichever are fewer."""
        feature, listed, missing_left = split
        codes, first = self.codes[feature], self.first[feature]
        goes_right = [not missing_left, False, *np.isin(codes, listed).tolist()]
        right = [first + i for i, goes in enumerate(goes_right) if goes]
        left = [first + i for i, goes in enumerate(goes_right) if not goes]
        return (left, True) if len(left) < len(right) else (right, False)


def _integers(numbers: Iterable[int]) -> Integers:
    return np.fromiter(numbers, dtype=np.int32)


def _starts(sizes: Iterable[int]) -> Integers:
    return np.cumsum([0, *sizes], dtype=np.int32)
