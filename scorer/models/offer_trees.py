"""Boosted trees over (offer, user features), alone or on top of an interaction base.

The offer is a categorical column whose splits are always one-hot (one offer against the others), so
few trees suffice to isolate an offer and then split on its users; grouped categorical splits rank
far worse. With a base, boosting starts at the margin of the base (``base_margin`` of XGBoost).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import xgboost as xgb

from scorer.arrays import Codes, Mask, Matrix, Vector
from scorer.errors import InputError
from scorer.features import FeatureSchema
from scorer.forest import Eligible, FactorisedForest, load_booster
from scorer.models.boosting import halved, with_offers
from scorer.models.calibration import Calibration
from scorer.models.interaction_base import InteractionBase
from scorer.models.objectives import Objective
from scorer.models.pieces import in_pieces
from scorer.models.protocol import Effect
from scorer.models.stored import Description, Files, Stored
from scorer.models.tree_effects import tree_effects

BOOSTER_FILE = "model.ubj"

# Users x offers that are scored at once: the margins of the base take 8 bytes for each.
MAX_SCORES = 4_000_000

# Compiled forests live as long as their boosters, whatever the calibration.
_FORESTS: WeakKeyDictionary[xgb.Booster, FactorisedForest] = WeakKeyDictionary()


@dataclass(frozen=True)
class OfferTrees:
    """Column 0 of the booster's matrix is the code of the offer, the others follow the schema.

    ``base`` gives the starting margin; None uses the constant of the booster. ``name`` is the kind
    of a candidate other than ``pooled_trees`` and ``residual_trees``.
    """

    booster: xgb.Booster
    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    calibration: Calibration
    base: InteractionBase | None = None
    name: str | None = None
    form = "offer_trees"
    success_values = None

    def __post_init__(self) -> None:
        expected = 1 + len(self.schema.features)
        if self.booster.num_features() != expected:
            raise InputError(
                f"the booster has {self.booster.num_features()} features, its schema {expected}"
            )

    @property
    def kind(self) -> str:
        """Its name, else ``pooled_trees`` without a base and ``residual_trees`` with one."""
        return self.name or ("pooled_trees" if self.base is None else "residual_trees")

    @property
    def margin_model(self) -> OfferTrees:
        """The model itself."""
        return self

    @property
    def short_lists(self) -> OfferTrees:
        """The model itself."""
        return self

    @property
    def rounds(self) -> int:
        """Boosting rounds."""
        return int(self.booster.num_boosted_rounds())

    def score(self, users: Matrix) -> Vector:
        """Calibrated expected reward, float64 (n_users, n_offers)."""
        return self.calibration.apply(self.margins(users))

    def shown(self, users: Matrix, offers: Codes) -> Vector:
        """Calibrated expected reward of the offers shown, float64 (n,)."""
        return self.calibration.apply(self.shown_margins(users, offers))

    def score_one(self, user: Matrix) -> tuple[Vector, bool]:
        """Scores of one user, personalised."""
        if self._for_kernel is None:
            return self.calibration.apply_few(self.forest.score_one(user)), True
        from scorer.models.linear_kernels import tree_scores

        scores = np.empty(len(self.offer_ids), dtype=np.float64)
        tree_scores(*self._for_kernel, user, scores)
        return scores, True

    @cached_property
    def _for_kernel(self) -> tuple[Any, ...] | None:
        """Base, trees and calibration as the kernel of one user takes them; None without a base."""
        if self.base is None:
            return None
        return self.base.for_kernels, self.forest.walk, self.calibration.numbers

    def margins(self, users: Matrix) -> Matrix:
        """Uncalibrated margins of every user and offer, float32 (n_users, n_offers).

        Bit-equal to the margins of XGBoost on all pairs of user and offer, which are never built.
        """
        if self.base is None:
            return self.forest.score(users)
        margins = np.empty((len(users), len(self.offer_ids)), dtype=np.float32)
        step = max(1, MAX_SCORES // max(1, len(self.offer_ids)))
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
        """The booster compiled for the offers, on first use."""
        if self.booster not in _FORESTS:
            codes = np.arange(len(self.offer_ids), dtype=np.float32)
            _FORESTS[self.booster] = FactorisedForest(self.booster, codes[:, None])
        return _FORESTS[self.booster]

    def shown_margins(self, users: Matrix, offers: Codes) -> Matrix:
        """Uncalibrated margins of the offers shown, float32 (n,)."""
        return in_pieces(self._shown_margins, users, offers)

    def _shown_margins(self, users: Matrix, offers: Codes) -> Matrix:
        start = None if self.base is None else self.base.shown_margins(users, offers)
        rows = with_offers(offers, users)
        return self.booster.inplace_predict(rows, predict_type="margin", base_margin=start)

    def effects(self, users: Matrix, offers: Codes) -> Iterator[Effect]:
        """Effects of the base, then Shapley values of the trees."""
        if self.base is not None:
            yield from self.base.effects(users, offers)
        effects = tree_effects(self.booster, with_offers(offers, users))
        for place in range(effects.alone.shape[1]):
            key = () if place == 0 else (place - 1,)
            yield key, effects.alone[:, place], effects.joint[:, place]

    def gains(self) -> Vector:
        """Total gain of the splits on the offer and on each feature, (1 + n_features,)."""
        gains = np.zeros(1 + len(self.schema.features))
        for name, gain in self.booster.get_score(importance_type="total_gain").items():
            gains[int(name.removeprefix("f"))] = float(np.mean(gain))
        return gains

    def personalises(self, users: Matrix) -> Mask:
        """True for everybody."""
        return np.ones(users.shape[0], dtype=np.bool_)

    def recalibrated(self, correction: Calibration, objective: Objective) -> OfferTrees:
        """The same margins with the corrected map to scores."""
        return replace(self, calibration=objective.in_units(correction))

    def description(self) -> tuple[Description, Files]:
        """Base and calibration; the booster and the weights of the base are files."""
        base, files = (None, {}) if self.base is None else self.base.description()
        return {
            "form": self.form,
            "name": self.name,
            "base": base,
            "calibration": self.calibration.to_dict(),
        }, {**files, BOOSTER_FILE: bytes(self.booster.save_raw("ubj"))}

    @classmethod
    def from_description(cls, stored: Stored) -> OfferTrees:
        """Inverse of :meth:`description`."""
        has_base = stored.description["base"] is not None
        n_features = 1 + len(stored.schema.features)
        booster = load_booster(stored.files[BOOSTER_FILE], n_features)
        return cls(
            booster,
            stored.schema,
            stored.offer_ids,
            Calibration(**stored.description["calibration"]),
            InteractionBase.from_description(stored.part("base")) if has_base else None,
            stored.description.get("name"),
        )


def average(base: InteractionBase, trees: OfferTrees, constant: float) -> OfferTrees:
    """The model whose margins are the mean of those of a base and of trees without a base.

    ``constant`` is the margin that the trees start from.
    """
    return replace(
        trees, booster=halved(trees.booster), base=base.halved(constant / 2), name="average"
    )
