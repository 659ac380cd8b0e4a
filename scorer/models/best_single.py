"""The best single offer: everybody gets the offer with the highest mean; no personalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.calibration import Calibration
from scorer.models.objectives import Objective
from scorer.models.stored import Description, Files, Stored


@dataclass(frozen=True)
class BestSingle:
    """Scores are the mean of each offer, float64 (n_offers,), the same for every user."""

    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    means: Vector
    form = kind = "best_single"
    margin_model = short_lists = success_values = None

    def score(self, users: Matrix) -> Vector:
        """Means of the offers, float64 (n_users, n_offers)."""
        return np.tile(self.means, (users.shape[0], 1))

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Means of the offers, not personalised."""
        return self.means, False

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Means of the offers shown, float64 (n,)."""
        return self.means[offers]

    def personalises(self, users: Matrix) -> Mask:
        """False for everybody."""
        return np.zeros(users.shape[0], dtype=np.bool_)

    def recalibrated(self, correction: Calibration, objective: Objective) -> BestSingle:
        """The model itself: means need no calibration."""
        return self

    def description(self) -> tuple[Description, Files]:
        """The means."""
        return {"form": self.form, "means": self.means.tolist()}, {}

    @classmethod
    def from_description(cls, stored: Stored) -> BestSingle:
        """Inverse of :meth:`description`."""
        return cls(stored.schema, stored.offer_ids, stored.numbers("means"))
