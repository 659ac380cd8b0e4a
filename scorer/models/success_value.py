"""P(success) x value of a success: for amounts with heavy tails, where few large values mislead.

The probability comes from an interaction base. The value of one success is what every success of
the offer earned, if they all earned the same; else it comes from the catalogue; else it is the mean
of the offer, shrunk towards that of all offers.

A display without a success may cost something, as in net values: ``p x value - cost``. With ``c``
the reward of such a display, the score is ``c + p x (value - c)``.
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
    """``chances`` scores P(success).

    ``success_values``, float64 (n_offers,) in KPI units, is what a success adds to
    ``without_success``, the reward of a display without one.
    """

    chances: InteractionBase
    success_values: Vector
    without_success: Vector
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
        return self.chances.score(users) * self.success_values + self.without_success

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Expected values of one user, personalised."""
        chances, personal = self.chances.score_one(user)
        return chances * self.success_values + self.without_success, personal

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Expected value per display of the offers shown, float64 (n,)."""
        chances = self.chances.shown(users, offers)
        return chances * self.success_values[offers] + self.without_success[offers]

    def personalises(self, users: Matrix) -> Mask:
        """True for everybody."""
        return np.ones(users.shape[0], dtype=np.bool_)

    def recalibrated(self, correction: Calibration, objective: Objective) -> SuccessValue:
        """The same model with all values multiplied by one factor; the slope stays 1.

        Values that may be negative stay as they are: a factor has no meaning for them.
        """
        if objective.link == "identity":
            return self
        return replace(self, success_values=float(np.exp(correction.shift)) * self.success_values)

    def description(self) -> tuple[Description, Files]:
        """The model of P(success) and the values."""
        inner, files = self.chances.description()
        values, without = self.success_values.tolist(), self.without_success.tolist()
        return {
            "form": self.form,
            "model": inner,
            "values": values,
            "without_success": without,
        }, files

    @classmethod
    def from_description(cls, stored: Stored) -> SuccessValue:
        """Inverse of :meth:`description`."""
        chances = InteractionBase.from_description(stored.part("model"))
        values = stored.numbers("values")
        if "without_success" not in stored.description:
            return cls(chances, values, np.zeros_like(values))
        return cls(chances, values, stored.numbers("without_success"))


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


def told_values(offers: Codes, rewards: Vector, n: int) -> Vector:
    """Reward of each offer if at least 2 displays all have the same, else NaN, (n,)."""
    counts = np.bincount(offers, minlength=n)
    lowest, highest = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(lowest, offers, rewards)
    np.maximum.at(highest, offers, rewards)
    spread = highest - lowest <= 1e-9 * np.maximum(np.abs(highest), 1e-300)
    return np.where((counts > 1) & spread, lowest, np.nan)
