"""P(success) x value of a success: for money with heavy tails, where few large values mislead.

The probability comes from an interaction base; the value of one success is known from the
catalogue, else it is the offer's mean value per success, shrunk to that of all offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.interaction_base import InteractionBase

SHRINK_SUCCESSES = 30.0


@dataclass(frozen=True)
class SuccessValue:
    """``chances`` scores P(success); ``values`` float64 (n_offers,), in units of the KPI."""

    chances: InteractionBase
    values: Vector
    kind = "success_value"

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users."""
        return self.chances.schema

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in the order of the scores' columns."""
        return self.chances.offer_ids

    def score(self, users: Matrix) -> Vector:
        """Expected value per display, float64 (n_users, n_offers)."""
        return self.chances.score(users) * self.values

    def times(self, factor: float) -> SuccessValue:
        """The same order, scores multiplied by ``factor`` > 0."""
        return replace(self, values=factor * self.values)

    def personalises(self, users: Matrix) -> Mask:
        """Everybody's order is the user's own."""
        return np.ones(users.shape[0], dtype=np.bool_)


def success_values(offers: Codes, rewards: Vector, successes: Mask, known: Vector) -> Vector:
    """Value of one success per offer, float64 (n_offers,): known, else the shrunk mean.

    ``rewards`` are those of displays, float64 (n,), capped by the caller; ``known`` is NaN where
    the catalogue does not tell.
    """
    n = len(known)
    counts = np.bincount(offers[successes], minlength=n).astype(np.float64)
    sums = np.bincount(offers[successes], rewards[successes], n)
    overall = sums.sum() / max(counts.sum(), 1.0)
    means = (sums + SHRINK_SUCCESSES * overall) / (counts + SHRINK_SUCCESSES)
    return np.where(np.isnan(known), means, known)
