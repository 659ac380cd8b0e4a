"""The offers each user may get: a few distinct sets with one code per user, or one set per user."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np

from scorer.arrays import Codes, Mask
from scorer.errors import InputError
from scorer.forest.parsing import Integers


def _none() -> Codes:
    return np.empty(0, dtype=np.int64)


class Choice(NamedTuple):
    """The eligible offers of n users as plain arrays; see :class:`Eligible`.

    ``excluded_start`` int64 (n + 1,) says where each user's exclusions start; ``order`` int32
    (n_offers,) holds the offers in the order that breaks ties.
    """

    masks: Mask
    codes: Codes
    excluded_start: Codes
    excluded_rows: Codes
    excluded_columns: Codes
    order: Integers


@dataclass(frozen=True)
class Eligible:
    """A set of offers for every user, minus the exclusions of that user.

    Attributes
    ----------
    masks : bool (n_sets, n_offers), the distinct sets.
    codes : int64 (n_users,), the set of each user.
    excluded_rows, excluded_columns : int64 (n_excluded,), offers removed for single users:
        user (ascending) and offer column.
    """

    masks: Mask
    codes: Codes
    excluded_rows: Codes = field(default_factory=_none)
    excluded_columns: Codes = field(default_factory=_none)

    def __post_init__(self) -> None:
        kinds = (np.bool_, np.int64, np.int64, np.int64)
        for field_, kind in zip(fields(self), kinds, strict=True):
            plain = np.require(getattr(self, field_.name), kind, ["C", "W"])
            object.__setattr__(self, field_.name, plain)
        n_sets, n_offers = self.masks.shape
        if self.codes.size and not 0 <= self.codes.min() <= self.codes.max() < n_sets:
            raise InputError(f"eligibility codes must be from 0 to {n_sets - 1}")
        rows, columns = self.excluded_rows, self.excluded_columns
        if rows.size != columns.size or (np.diff(rows) < 0).any():
            raise InputError("excluded offers must come in pairs, users ascending")
        if rows.size and not (rows[0] >= 0 and rows[-1] < self.codes.size):
            raise InputError(f"excluded offers name a user beyond the {self.codes.size} given")
        if columns.size and not 0 <= columns.min() <= columns.max() < n_offers:
            raise InputError(f"excluded offers must be columns from 0 to {n_offers - 1}")

    @classmethod
    def everything(cls, n_users: int, n_offers: int) -> Eligible:
        """Every user may get every offer."""
        return cls(np.ones((1, n_offers), dtype=np.bool_), np.zeros(n_users, dtype=np.int64))

    @classmethod
    def by_user(cls, mask: Mask) -> Eligible:
        """One set per user, from bool (n_users, n_offers)."""
        return cls(mask, np.arange(len(mask)))

    @classmethod
    def listed(cls, rows: Codes, columns: Codes, shape: tuple[int, int]) -> Eligible:
        """One candidate list per user, as user and offer column; ``shape`` (n_users, n_offers)."""
        mask = np.zeros(shape, dtype=np.bool_)
        mask[rows, columns] = True
        return cls.by_user(mask)

    def mask(self) -> Mask:
        """Return the eligible offers as a mask, bool (n_users, n_offers)."""
        mask = self.masks[self.codes]
        mask[self.excluded_rows, self.excluded_columns] = False
        return mask

    def choice(self, rows: slice, order: Integers) -> Choice:
        """Return the choice of a slice of users, in the form the kernels take."""
        start, end = np.searchsorted(self.excluded_rows, [rows.start, rows.stop])
        own = self.excluded_rows[start:end] - rows.start
        n_users = rows.stop - rows.start
        return Choice(
            self.masks,
            self.codes[rows],
            np.searchsorted(own, np.arange(n_users + 1)),
            own,
            self.excluded_columns[start:end],
            order,
        )
