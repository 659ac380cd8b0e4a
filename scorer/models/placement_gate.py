"""A model that personalises at some placements and serves the best single offer at others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.best_single import BestSingle
from scorer.models.protocol import RewardModel


@dataclass(frozen=True)
class PlacementGate:
    """``model`` everywhere but at ``held_back_placements``, where ``fallback`` scores."""

    model: RewardModel
    fallback: BestSingle
    held_back_placements: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The gated model's kind."""
        return self.model.kind

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in the order of the scores' columns."""
        return self.model.offer_ids

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users."""
        return self.model.schema

    def score(self, users: Matrix) -> Vector:
        """Scores of whichever model serves each user, float64 (n_users, n_offers)."""
        personal = self.personalises(users)
        scores = self.fallback.score(users)
        scores[personal] = self.model.score(users[personal])
        return scores

    def personalises(self, users: Matrix) -> Mask:
        """Users at placements that are not held back, bool (n_users,)."""
        for j, feature in enumerate(self.schema.features):
            if feature.column == "placement_id":
                codes = [
                    feature.categories.index(placement)
                    for placement in self.held_back_placements
                    if placement in feature.categories
                ]
                return ~np.isin(users[:, j], codes)
        return np.ones(users.shape[0], dtype=np.bool_)
