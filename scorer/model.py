"""The model as rankers see it: users in, one calibrated score per user and offer out."""

from __future__ import annotations

import os
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from scorer.calibration import Calibration
from scorer.errors import InputError
from scorer.features import FeatureSchema, Matrix

# Cells (rows x columns) of one piece of the cross product: 16 MB of float32.
MAX_CELLS = 4_000_000

# Waiting for each other costs threads more than small work itself does.
_CELLS_PER_THREAD = 1_000_000


@runtime_checkable
class RewardModel(Protocol):
    """What a ranker needs from any model of the reward."""

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers the model was trained on; column j of the scores is ``offer_ids[j]``."""

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users for :meth:`score`."""

    def score(self, users: Matrix) -> npt.NDArray[np.float64]:
        """Calibrated scores, shape (n_users, n_offers), of encoded users (n_users, n_features)."""


class OfferModel:
    """Boosted trees over (offer, user features) with a calibrated score.

    Column 0 of the booster's matrix is the offer's code, the others follow the schema.
    """

    def __init__(
        self,
        booster: xgb.Booster,
        schema: FeatureSchema,
        offer_ids: tuple[str, ...],
        calibration: Calibration,
    ) -> None:
        expected = 1 + len(schema.features)
        if booster.num_features() != expected:
            raise InputError(
                f"the booster has {booster.num_features()} features, its schema {expected}"
            )
        self.booster = booster
        self.schema = schema
        self.offer_ids = offer_ids
        self.calibration = calibration

    def score(self, users: Matrix) -> npt.NDArray[np.float64]:
        """Expected reward per display (a probability for a binary KPI), float64.

        ``users`` is float32 of shape (n_users, n_features), the result (n_users, n_offers).
        """
        return self.calibration.apply(self.margins(users))

    def margins(self, users: Matrix) -> Matrix:
        """Uncalibrated margins of every user and offer, float32, shape (n_users, n_offers).

        The cross product is built piece by piece, so memory does not grow with the users.
        """
        n_users, n_offers = users.shape[0], len(self.offer_ids)
        margins = np.empty((n_users, n_offers), dtype=np.float32)
        self.booster.set_param({"nthread": threads_for(n_users * n_offers * (users.shape[1] + 1))})
        step = max(1, MAX_CELLS // (max(1, n_offers) * (users.shape[1] + 1)))
        for start in range(0, n_users, step):
            piece = users[start : start + step]
            rows = crossed(piece, n_offers)
            predicted = self.booster.inplace_predict(rows, predict_type="margin")
            margins[start : start + step] = predicted.reshape(piece.shape[0], n_offers)
        return margins


def threads_for(cells: int) -> int:
    """Threads worth using for this many matrix cells; results do not depend on it."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(available or 1, cells // _CELLS_PER_THREAD))


def crossed(users: Matrix, n_offers: int) -> Matrix:
    """Every user with every offer code: (n_users x n_offers, 1 + n_features), offers innermost."""
    n_users, n_features = users.shape
    rows = np.empty((n_users, n_offers, n_features + 1), dtype=np.float32)
    rows[:, :, 0] = np.arange(n_offers, dtype=np.float32)
    rows[:, :, 1:] = users[:, None, :]
    return rows.reshape(n_users * n_offers, n_features + 1)
