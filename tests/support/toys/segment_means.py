"""A toy kind of model: mean rewards of offers, apart for members of the first segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.calibration import Calibration
from scorer.models.objectives import Objective
from scorer.models.protocol import Effect
from scorer.models.stored import Description, Files, Stored


@dataclass(frozen=True)
class SegmentMeans:
    """Margins are ``others`` and, for members, ``others + extra``; both float64 (n_offers,)."""

    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    others: Vector
    extra: Vector
    calibration: Calibration
    form = kind = "segment_means"
    short_lists = success_values = None
    rounds = 0

    @property
    def margin_model(self) -> SegmentMeans:
        """The model itself."""
        return self

    def margins(self, users: Matrix) -> Matrix:
        """Margins of every user and offer, float32 (n_users, n_offers)."""
        return (self.others + users[:, :1] * self.extra).astype(np.float32)

    def shown_margins(self, users: Matrix, offers: Codes) -> Matrix:
        """Margins of the offers shown, float32 (n,)."""
        return self.margins(users)[np.arange(len(offers)), offers]

    def effects(self, users: Matrix, offers: Codes) -> Iterator[Effect]:
        """The offer, then the segment."""
        yield (), self.others[offers], np.zeros(len(offers))
        of_segment = users[:, 0] * self.extra[offers]
        yield (0,), of_segment, of_segment - users[:, 0] * self.extra.mean()

    def gains(self) -> None:
        """None: there are no splits."""

    def score(self, users: Matrix) -> Vector:
        """Calibrated means, float64 (n_users, n_offers)."""
        return self.calibration.apply(self.margins(users))

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Calibrated means for one user, personalised."""
        return self.score(user[None])[0], True

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Calibrated means of the offers shown, float64 (n,)."""
        return self.calibration.apply(self.shown_margins(users, offers))

    def personalises(self, users: Matrix) -> Mask:
        """True for everybody."""
        return np.ones(len(users), dtype=np.bool_)

    def recalibrated(self, correction: Calibration, objective: Objective) -> SegmentMeans:
        """The same margins with the corrected map to scores."""
        return replace(self, calibration=objective.in_units(correction))

    def description(self) -> tuple[Description, Files]:
        """All numbers fit into the manifest."""
        return {
            "form": self.form,
            "others": self.others.tolist(),
            "extra": self.extra.tolist(),
            "calibration": self.calibration.to_dict(),
        }, {}

    @classmethod
    def from_description(cls, stored: Stored) -> SegmentMeans:
        """Inverse of :meth:`description`."""
        calibration = Calibration(**stored.description["calibration"])
        others, extra = stored.numbers("others"), stored.numbers("extra")
        return cls(stored.schema, stored.offer_ids, others, extra, calibration)
