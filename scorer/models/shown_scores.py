"""Scores of one offer a user, without those of all others."""

from __future__ import annotations

import numpy as np

from scorer.arrays import Codes, Matrix, Vector
from scorer.models.best_single import BestSingle
from scorer.models.boosting import with_offers
from scorer.models.interaction_base import InteractionBase
from scorer.models.offer_trees import OfferTrees
from scorer.models.placement_gate import PlacementGate
from scorer.models.protocol import RewardModel
from scorer.models.success_value import SuccessValue

_ROWS = 65_536


def shown_scores(model: RewardModel, users: Matrix, offers: Codes) -> Vector:
    """Score of ``model.offer_ids[offers[i]]`` for user i, float64 (n,); offers are int64 (n,).

    Equal to the entries of ``model.score(users)`` up to the rounding of float32.
    """
    parts = [slice(start, start + _ROWS) for start in range(0, len(offers), _ROWS)]
    scores = [_part(model, users[part], offers[part]) for part in parts]
    return np.concatenate(scores) if scores else np.zeros(0)


def shown_margins(model: InteractionBase | OfferTrees, users: Matrix, offers: Codes) -> Matrix:
    """Uncalibrated margins of the same, float32 (n,)."""
    if isinstance(model, InteractionBase):
        return np.einsum("ij,ij->i", model.design.matrix(users), model.weights[offers])
    start = None if model.base is None else shown_margins(model.base, users, offers)
    rows = with_offers(offers, users)
    return model.booster.inplace_predict(rows, predict_type="margin", base_margin=start)


def _part(model: RewardModel, users: Matrix, offers: Codes) -> Vector:
    if isinstance(model, BestSingle):
        return model.means[offers]
    if isinstance(model, PlacementGate):
        personal = model.personalises(users)
        scores = model.fallback.means[offers]
        scores[personal] = _part(model.model, users[personal], offers[personal])
        return scores
    if isinstance(model, SuccessValue):
        return _part(model.chances, users, offers) * model.values[offers]
    if isinstance(model, InteractionBase | OfferTrees):
        return model.calibration.apply(shown_margins(model, users, offers))
    return model.score(users)[np.arange(len(offers)), offers]
