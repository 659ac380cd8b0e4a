"""A model that personalises at some placements and serves the best single offer at others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.best_single import BestSingle
from scorer.models.calibration import Calibration
from scorer.models.objectives import Objective
from scorer.models.protocol import MarginModel, RewardModel, ShortLists
from scorer.models.stored import Description, Files, Stored


@dataclass(frozen=True)
class PlacementGate:
    """``model`` everywhere except at ``held_back_placements``, where ``fallback`` scores."""

    model: RewardModel
    fallback: BestSingle
    held_back_placements: tuple[str, ...]
    form = "placement_gate"

    @property
    def kind(self) -> str:
        """Kind of the gated model."""
        return self.model.kind

    @property
    def offer_ids(self) -> tuple[str, ...]:
        """Offers in the order of the columns of scores."""
        return self.model.offer_ids

    @property
    def schema(self) -> FeatureSchema:
        """Schema that encodes users."""
        return self.model.schema

    @property
    def margin_model(self) -> MarginModel | None:
        """Margins of the gated model."""
        return self.model.margin_model

    @property
    def short_lists(self) -> ShortLists | None:
        """Short lists of the gated model."""
        return self.model.short_lists

    @property
    def success_values(self) -> Vector | None:
        """Values of the gated model."""
        return self.model.success_values

    def score(self, users: Matrix) -> Vector:
        """Scores of the model that serves each user, float64 (n_users, n_offers)."""
        personal = self.personalises(users)
        scores = self.fallback.score(users)
        scores[personal] = self.model.score(users[personal])
        return scores

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Scores of the model that serves the user."""
        column, codes = self._held_back
        serves = self.fallback if codes and user[column] in codes else self.model
        return serves.score_one(user)

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Scores of the offers shown by the model that serves each user, float64 (n,)."""
        personal = self.personalises(users)
        scores = self.fallback.shown(users, offers)
        scores[personal] = self.model.shown(users[personal], offers[personal])
        return scores

    def personalises(self, users: Matrix) -> Mask:
        """True at placements that are not held back, bool (n_users,)."""
        column, codes = self._held_back
        return ~np.isin(users[:, column], codes) if codes else np.ones(len(users), dtype=np.bool_)

    @cached_property
    def _held_back(self) -> tuple[int, list[float]]:
        """Column of the placement and the codes that are held back; no codes without a column."""
        for j, feature in enumerate(self.schema.features):
            if feature.column == "placement_id":
                known = [p for p in self.held_back_placements if p in feature.categories]
                return j, [float(feature.categories.index(p)) for p in known]
        return 0, []

    def recalibrated(self, correction: Calibration, objective: Objective) -> PlacementGate:
        """The gate around the recalibrated model."""
        return replace(self, model=self.model.recalibrated(correction, objective))

    def description(self) -> tuple[Description, Files]:
        """The gated model, the means of the fallback and the placements."""
        inner, files = self.model.description()
        return {
            "form": self.form,
            "model": inner,
            "means": self.fallback.means.tolist(),
            "held_back_placements": list(self.held_back_placements),
        }, files

    @classmethod
    def from_description(cls, stored: Stored) -> PlacementGate:
        """Inverse of :meth:`description`."""
        inner = stored.part("model").restored()
        placements = tuple(stored.description["held_back_placements"])
        return cls(inner, BestSingle.from_description(stored), placements)
