"""P(success) x value of a success: for amounts with heavy tails, where few large values mislead.

The probability comes from an interaction base. The value of one success comes from the catalogue;
if the catalogue does not give it, it is the mean value per success of the offer, shrunk towards
the mean of all offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.calibration import Calibration
from scorer.models.interaction_base import InteractionBase
from scorer.models.objectives import Objective
from scorer.models.stored import Description, Files, Stored

SHRINK_SUCCESSES = 30.0


@dataclass(frozen=True)
class SuccessValue:
    """``chances`` scores P(success); ``success_values`` float64 (n_offers,), in KPI units."""

    chances: InteractionBase
    success_values: Vector
    form = kind = "success_value"
    short_lists = None

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users."""
        return self.chances.schema

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in the order of the columns of scores."""
        return self.chances.offer_ids

    @property
    def margin_model(self) -> InteractionBase:
        """The model of P(success)."""
        return self.chances

    def score(self, users: Matrix) -> Vector:
        """Expected value per display, float64 (n_users, n_offers)."""
        return self.chances.score(users) * self.success_values

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Expected values of one user, personalised."""
        chances, personal = self.chances.score_one(user)
        return chances * self.success_values, personal

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Expected value per display of the offers shown, float64 (n,)."""
        return self.chances.shown(users, offers) * self.success_values[offers]

    def personalises(self, users: Matrix) -> Mask:
        """True for everybody."""
        return np.ones(users.shape[0], dtype=np.bool_)

    def recalibrated(self, correction: Calibration, objective: Objective) -> SuccessValue:
        """The same model with all values multiplied by one factor; the slope stays 1."""
        return replace(self, success_values=float(np.exp(correction.shift)) * self.success_values)

    def description(self) -> tuple[Description, Files]:
        """The model of P(success) and the values."""
        inner, files = self.chances.description()
        values = self.success_values.tolist()
        return {"form": self.form, "model": inner, "values": values}, files

    @classmethod
    def from_description(cls, stored: Stored) -> SuccessValue:
        """Inverse of :meth:`description`."""
        chances = InteractionBase.from_description(stored.part("model"))
        return cls(chances, stored.numbers("values"))


def values_of_success(offers: Codes, rewards: Vector, successes: Mask, known: Vector) -> Vector:
    """Value of one success per offer, float64 (n_offers,): known, else the shrunk mean.

    ``rewards`` are those of displays, float64 (n,), capped by the caller; ``known`` is NaN where
    the catalogue gives no value.
    """
    n = len(known)
    counts = np.bincount(offers[successes], minlength=n).astype(np.float64)
    sums = np.bincount(offers[successes], rewards[successes], n)
    overall = sums.sum() / max(counts.sum(), 1.0)
    means = (sums + SHRINK_SUCCESSES * overall) / (counts + SHRINK_SUCCESSES)
    return np.where(np.isnan(known), means, known)
