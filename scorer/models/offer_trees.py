"""Boosted trees over (offer, user features), alone or on top of an interaction base.

The offer is a categorical column whose splits are always one-hot (one offer against the others),
which lets few trees isolate an offer and then split on its users; grouped categorical splits rank
far worse. With a base, the base's margin is where boosting starts (XGBoost's ``base_margin``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import xgboost as xgb

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.errors import InputError
from scorer.features import FeatureSchema
from scorer.forest import Eligible, FactorisedForest
from scorer.models.calibration import Calibration
from scorer.models.interaction_base import InteractionBase

# Users x offers of one piece: the base's margins take 8 bytes for each.
MAX_CELLS = 4_000_000

# Compiled forests live as long as their boosters, whatever calibration is put on them.
_FORESTS: WeakKeyDictionary[xgb.Booster, FactorisedForest] = WeakKeyDictionary()


@dataclass(frozen=True)
class OfferTrees:
    """Column 0 of the booster's matrix is the offer's code, the others follow the schema.

    ``base`` gives the starting margin; None: the booster's own.
    """

    booster: xgb.Booster
    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    calibration: Calibration
    base: InteractionBase | None = None

    def __post_init__(self) -> None:
        expected = 1 + len(self.schema.features)
        if self.booster.num_features() != expected:
            raise InputError(
                f"the booster has {self.booster.num_features()} features, its schema {expected}"
            )

    @property
    def kind(self) -> str:
        """pooled_trees or residual_trees."""
        return "pooled_trees" if self.base is None else "residual_trees"

    def score(self, users: Matrix) -> Vector:
        """Calibrated expected reward, float64 (n_users, n_offers)."""
        return self.calibration.apply(self.margins(users))

    def margins(self, users: Matrix) -> Matrix:
        """Uncalibrated margins of every user and offer, float32, shape (n_users, n_offers).

        Bit-equal to XGBoost's own on the cross product, which is never built.
        """
        if self.base is None:
            return self.forest.score(users)
        margins = np.empty((len(users), len(self.offer_ids)), dtype=np.float32)
        step = max(1, MAX_CELLS // max(1, len(self.offer_ids)))
        for start in range(0, len(users), step):
            piece = users[start : start + step]
            margins[start : start + step] = self.forest.score(piece, self.base.margins(piece))
        return margins

    def top_k(
        self, users: Matrix, k: int, eligible: Eligible, priority: Codes
    ) -> tuple[Codes, Vector]:
        """Columns and scores of the best k offers, both (n_users, k); see :class:`.ShortLists`."""
        start = None if self.base is None else self.base.margins(users)
        columns, margins = self.forest.top_k(users, k, eligible, priority, start)
        return columns.astype(np.int64), self.calibration.apply(margins)

    @property
    def forest(self) -> FactorisedForest:
        """The booster compiled for the offers, once per booster, on first use."""
        if self.booster not in _FORESTS:
            codes = np.arange(len(self.offer_ids), dtype=np.float32)
            _FORESTS[self.booster] = FactorisedForest(self.booster, codes[:, None])
        return _FORESTS[self.booster]

    def personalises(self, users: Matrix) -> Mask:
        """Everybody's order is the user's own."""
        return np.ones(users.shape[0], dtype=np.bool_)

    def calibrated(self, calibration: Calibration) -> OfferTrees:
        """The same margins with another map to scores."""
        return replace(self, calibration=calibration)
