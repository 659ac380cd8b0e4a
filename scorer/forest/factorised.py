"""All offers of many users at once, exactly as XGBoost would score them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from scorer.errors import InputError
from scorer.forest import reference
from scorer.forest.compiling import compile_forest, user_columns
from scorer.forest.eligibility import Eligible
from scorer.forest.parsing import Floats, Integers, Mask, parse


class TopK(NamedTuple):
    """Best offers of each user, best first; both of shape (n_users, k).

    ``columns`` int32 are offers, -1 where fewer than k are eligible; ``margins`` float32, NaN
    there.
    """

    columns: Integers
    margins: Floats


class FactorisedForest:
    """A booster compiled for a fixed set of offers.

    Parameters
    ----------
    booster : xgb.Booster
        Single-output ``gbtree``: binary:logistic, reg:squarederror or reg:tweedie.
    offers : float32 array of shape (n_offers, n_offer_columns)
        Values of the booster's offer columns for each offer. Anything known before the user may
        be among them: a code, one-hot columns, attributes, the placement.
    offer_columns : sequence of int
        The booster's feature numbers of those columns. All other features are the user's, in the
        booster's order.
    threads : int or None
        Threads for large inputs; None: all cores. Results do not depend on it.

    Raises
    ------
    InputError
        A booster that is not understood, or shapes that do not fit it.
    """

    def __init__(
        self,
        booster: xgb.Booster,
        offers: npt.ArrayLike,
        offer_columns: Sequence[int] = (0,),
        threads: int | None = None,
    ) -> None:
        forest = parse(booster)
        self.threads = threads
        self.program = compile_forest(forest, np.asarray(offers, np.float32), offer_columns)
        self.n_offers = self.program.n_offers
        self.n_user_columns = len(user_columns(forest, offer_columns))

    def score(self, users: Floats, base_margin: Floats | None = None) -> Floats:
        """Margins of every user and offer, float32 (n_users, n_offers).

        Bit-equal to ``Booster.inplace_predict(rows, predict_type="margin", base_margin=...)`` on
        the cross product of users and offers.

        Parameters
        ----------
        users : float32 array of shape (n_users, n_user_columns)
            Missing values are NaN.
        base_margin : float32 array of shape (n_users, n_offers), optional
            Where each sum starts, in place of the booster's own base.
        """
        users, base_margin = self._checked(users, base_margin)
        return reference.score(self.program, users, base_margin)

    def top_k(
        self,
        users: Floats,
        k: int,
        eligible: Eligible | Mask | None = None,
        priority: npt.ArrayLike | None = None,
        base_margin: Floats | None = None,
    ) -> TopK:
        """The k best eligible offers of every user, without ever holding all margins.

        Order: larger margin first; among equal margins (0.0 equals -0.0) larger priority first,
        then the smaller column. NaN and -inf margins are last, equal to each other and to the
        lowest float32.

        Parameters
        ----------
        users, base_margin : see :meth:`score`.
        k : int
            At least 1; columns beyond the number of offers are filled with -1.
        eligible : Eligible, or bool array of shape (n_users, n_offers), optional
            Which offers each user may get; None: all.
        priority : numbers of shape (n_offers,), optional
        """
        users, base_margin = self._checked(users, base_margin)
        chosen = self._eligible(eligible, len(users))
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        order = self._preference(priority)
        margins = self.score(users, base_margin)
        return _first(margins, k, chosen.mask(), order)

    def score_one(self, user: Floats, base_margin: Floats | None = None) -> Floats:
        """Margins of one user, float32 (n_offers,); bit-equal to :meth:`score`.

        For single requests: ``user`` has shape (n_user_columns,), ``base_margin`` (n_offers,).
        """
        start = None if base_margin is None else base_margin[None, :]
        return self.score(user[None, :], start)[0]

    def _checked(self, users: Floats, base_margin: Floats | None) -> tuple[Floats, Floats | None]:
        users = np.ascontiguousarray(users, dtype=np.float32)
        if users.ndim != 2 or users.shape[1] != self.n_user_columns:
            raise InputError(
                f"users have shape {users.shape}, the booster has {self.n_user_columns} columns "
                "for them"
            )
        if base_margin is None:
            return users, None
        base_margin = np.ascontiguousarray(base_margin, dtype=np.float32)
        if base_margin.shape != (len(users), self.n_offers):
            raise InputError(
                f"base margins have shape {base_margin.shape}, expected "
                f"{(len(users), self.n_offers)}"
            )
        return users, base_margin

    def _eligible(self, eligible: Eligible | Mask | None, n_users: int) -> Eligible:
        if eligible is None:
            return Eligible.everything(n_users, self.n_offers)
        chosen = eligible if isinstance(eligible, Eligible) else Eligible.by_user(eligible)
        if chosen.codes.size != n_users or chosen.masks.shape[1] != self.n_offers:
            raise InputError(
                f"eligibility is for {chosen.codes.size} users and {chosen.masks.shape[1]} "
                f"offers, expected {n_users} and {self.n_offers}"
            )
        return chosen

    def _preference(self, priority: npt.ArrayLike | None) -> Integers:
        """Offer columns, those preferred among equals first."""
        if priority is None:
            return np.arange(self.n_offers, dtype=np.int32)
        ranks = np.asarray(priority, dtype=np.float64)
        if ranks.shape != (self.n_offers,):
            raise InputError(f"priority has shape {ranks.shape}, expected ({self.n_offers},)")
        return np.argsort(-ranks, kind="stable").astype(np.int32)


def _first(margins: Floats, k: int, eligible: Mask, order: Integers) -> TopK:
    """Top k by a full sort."""
    keys = np.fmax(margins[:, order], np.finfo(np.float32).min)
    keys[~eligible[:, order]] = -np.inf
    first = order[np.argsort(-keys, axis=1, kind="stable")[:, :k]]
    n_users, width = first.shape
    columns = np.full((n_users, k), -1, dtype=np.int32)
    columns[:, :width] = np.where(np.take_along_axis(eligible, first, axis=1), first, -1)
    best = np.full((n_users, k), np.nan, dtype=np.float32)
    best[:, :width] = np.take_along_axis(margins, first, axis=1)
    best[columns < 0] = np.nan
    return TopK(columns, best)
