"""All offers of many users at once, exactly as XGBoost would score them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from scorer.arrays import Mask
from scorer.errors import InputError
from scorer.forest import reference
from scorer.forest.compiling import compile_forest
from scorer.forest.eligibility import Eligible
from scorer.forest.parsing import Floats, Integers, parse
from scorer.forest.programs import Program
from scorer.forest.threads import in_threads
from scorer.forest.walks import N_BITS, Walk, words_for

_NO_MARGIN = np.empty(0, dtype=np.float32)


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
        Values of the booster's offer columns for each offer: anything known before the user, such
        as a code, one-hot columns, attributes or the placement.
    offer_columns : sequence of int
        The booster's feature numbers of those columns. All other features are user columns, in
        the booster's order.
    threads : int or None
        Threads for large inputs; None: all cores. Results do not depend on it.

    Raises
    ------
    InputError
        The booster is not supported, or the shapes do not fit it.
    """

    def __init__(
        self,
        booster: xgb.Booster,
        offers: npt.ArrayLike,
        offer_columns: Sequence[int] = (0,),
        threads: int | None = None,
    ) -> None:
        self.threads = threads
        self._compiled = compile_forest(
            parse(booster), np.asarray(offers, np.float32), offer_columns
        )
        self.n_offers = self._compiled.program.n_offers
        self.n_user_columns = len(self._compiled.places)
        self.n_trees = len(self._compiled.forest.trees)

    def score(self, users: Floats, base_margin: Floats | None = None) -> Floats:
        """Margins of every user and offer, float32 (n_users, n_offers).

        Bit-equal to ``Booster.inplace_predict(rows, predict_type="margin", base_margin=...)`` on
        the cross product of users and offers.

        Parameters
        ----------
        users : float32 array of shape (n_users, n_user_columns)
            Missing values are NaN.
        base_margin : float32 array of shape (n_users, n_offers), optional
            Start of each sum, in place of the base margin of the booster.
        """
        users, base_margin = self._checked(users, base_margin)
        margins = np.empty((len(users), self.n_offers), dtype=np.float32)

        def work(rows: slice) -> None:
            score_blocks(self.program, users[rows], base_margin[rows], margins[rows])

        score_blocks = engine().score_blocks
        if margins.size:
            in_threads(work, len(users), self.threads)
        return margins

    def top_k(
        self,
        users: Floats,
        k: int,
        eligible: Eligible | Mask | None = None,
        priority: npt.ArrayLike | None = None,
        base_margin: Floats | None = None,
    ) -> TopK:
        """Return the k best eligible offers of every user without holding all margins in memory.

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
        order = self._preference(priority)
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}")
        best = TopK(
            np.full((len(users), k), -1, dtype=np.int32),
            np.full((len(users), k), np.nan, dtype=np.float32),
        )

        def work(rows: slice) -> None:
            choice = chosen.choice(rows, order)
            out = best.columns[rows], best.margins[rows]
            top_k_blocks(self.program, users[rows], base_margin[rows], choice, *out)

        top_k_blocks = engine().top_k_blocks
        if self.n_offers:
            in_threads(work, len(users), self.threads)
        return best

    def score_one(self, user: Floats, base_margin: Floats | None = None) -> Floats:
        """Margins of one user, float32 (n_offers,); bit-equal to :meth:`score`.

        For single requests: ``user`` has shape (n_user_columns,), ``base_margin`` (n_offers,).
        """
        if user.shape != (self.n_user_columns,):
            raise InputError(f"the user has shape {user.shape}, not ({self.n_user_columns},)")
        start = _NO_MARGIN if base_margin is None else base_margin
        if base_margin is not None and base_margin.shape != (self.n_offers,):
            raise InputError(f"base margins have shape {start.shape}, not ({self.n_offers},)")
        margins = np.empty(words_for(self.n_offers) * N_BITS, dtype=np.float32)
        engine().walk_one(self.walk, _plain(user, np.float32), _plain(start, np.float32), margins)
        return margins[: self.n_offers]

    @property
    def program(self) -> Program:
        """The program that the kernels run."""
        return self._compiled.program

    @cached_property
    def walk(self) -> Walk:
        """The trees as one user walks them."""
        return self._compiled.walk()

    def _checked(self, users: Floats, base_margin: Floats | None) -> tuple[Floats, Floats]:
        """Return both as the kernels take them; without base margins, the latter has no rows."""
        users = _plain(users, np.float32)
        if users.ndim != 2 or users.shape[1] != self.n_user_columns:
            raise InputError(
                f"users have shape {users.shape}, the booster has {self.n_user_columns} columns "
                "for them"
            )
        if base_margin is None:
            return users, np.empty((0, self.n_offers), dtype=np.float32)
        base_margin = _plain(base_margin, np.float32)
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
        """Offer columns in the order that breaks ties."""
        if priority is None:
            return np.arange(self.n_offers, dtype=np.int32)
        ranks = np.asarray(priority, dtype=np.float64)
        if ranks.shape != (self.n_offers,):
            raise InputError(f"priority has shape {ranks.shape}, expected ({self.n_offers},)")
        return np.argsort(-ranks, kind="stable").astype(np.int32)


@cache
def engine() -> ModuleType:
    """Import the compiled kernels, or plain numpy where numba cannot be imported."""
    try:
        from scorer.forest import kernels
    except ImportError:
        return reference
    return kernels


def _plain(array: npt.ArrayLike, kind: type) -> npt.NDArray[Any]:
    """Return a contiguous, writable array: numba compiles again for any other layout."""
    if isinstance(array, np.ndarray) and array.dtype == kind and array.flags.carray:
        return array
    return np.require(array, kind, ["C", "W"])
