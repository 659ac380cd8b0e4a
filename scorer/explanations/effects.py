"""Margins taken apart: what the offer, each feature and each pair of features add.

A linear base adds design row x weights, summed by feature or pair; trees add Shapley values. What
is left is the start, the same for all offers of a model with a base, else nearly so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scorer.arrays import Codes, Matrix, Vector
from scorer.explanations.tree_effects import tree_effects
from scorer.features import FeatureSchema
from scorer.models.best_single import BestSingle
from scorer.models.boosting import with_offers
from scorer.models.calibration import Calibration
from scorer.models.interaction_base import InteractionBase
from scorer.models.offer_trees import OfferTrees
from scorer.models.placement_gate import PlacementGate
from scorer.models.protocol import RewardModel
from scorer.models.shown_scores import shown_margins
from scorer.models.success_value import SuccessValue

OFFER, PAIR = "offer", "pair"

MarginModel = InteractionBase | OfferTrees


@dataclass(frozen=True)
class Term:
    """Something that adds to a margin: the offer itself (no feature), a feature, or a pair.

    ``kind`` is offer, the feature's kind, or pair; ``features`` are positions in the schema.
    """

    name: str
    kind: str
    features: tuple[int, ...] = ()


@dataclass(frozen=True)
class Effects:
    """Margins of n users with an offer each.

    Attributes
    ----------
    terms : what adds to them.
    values : float64 (n, n_terms), in units of the margin.
    joint : float64 (n, n_terms), the part of each value that is this offer's alone: it differs
        from what the term adds for other offers. 0 for the offer's own level.
    margins, start : float64 (n,); ``margins = start + values.sum(1)``, exactly.
    """

    terms: tuple[Term, ...]
    values: Vector
    joint: Vector
    margins: Vector
    start: Vector


def margin_model(model: RewardModel) -> MarginModel | None:
    """The part of a model that has margins; None for the best single offer or a foreign model."""
    if isinstance(model, PlacementGate):
        return margin_model(model.model)
    if isinstance(model, SuccessValue):
        return model.chances
    return model if isinstance(model, InteractionBase | OfferTrees) else None


def best_single_of(model: RewardModel) -> BestSingle | None:
    """The best single offer that a model is or falls back to."""
    if isinstance(model, PlacementGate):
        return model.fallback
    return model if isinstance(model, BestSingle) else None


def margin_effects(model: MarginModel, users: Matrix, offers: Codes) -> Effects:
    """Take margins apart; users float32 (n, n_features), offers int64 (n,) codes of the model."""
    values: dict[tuple[int, ...], Vector] = {}
    joint: dict[tuple[int, ...], Vector] = {}
    for key, alone, together in _parts(model, users, offers):
        values[key] = values.get(key, 0) + alone
        joint[key] = joint.get(key, 0) + together
    margins = shown_margins(model, users, offers).astype(np.float64)
    stacked = np.column_stack(list(values.values()))
    return Effects(
        tuple(_term(key, model.schema) for key in values),
        stacked,
        np.column_stack(list(joint.values())),
        margins,
        margins - stacked.sum(axis=1),
    )


def effect_text(effect: float, calibration: Calibration) -> str:
    """What an effect on the margin does to the score: ``x1.8`` on the odds or value, or ``+0.3``.

    A binary KPI's odds p / (1 - p), or an expected value, are multiplied; a value with a linear
    link is added to.
    """
    change = effect * calibration.slope
    if calibration.link == "identity":
        return f"{change:+.3g}"
    return f"x{np.exp(change):.2f}"


def feature_name(schema: FeatureSchema, position: int) -> str:
    """Name of a feature; with its kind where another one has the same."""
    feature = schema.features[position]
    is_unique = sum(other.name == feature.name for other in schema.features) == 1
    return feature.name if is_unique else feature.column


def _parts(
    model: MarginModel, users: Matrix, offers: Codes
) -> Iterator[tuple[tuple[int, ...], Vector, Vector]]:
    """Key (features), effects and joint effects, float64 (n,), of the base, then of the trees."""
    base = model if isinstance(model, InteractionBase) else model.base
    yield (), np.zeros(len(offers)), np.zeros(len(offers))
    if base is not None:
        yield from _base_parts(base, users, offers)
    if isinstance(model, OfferTrees):
        effects = tree_effects(model.booster, with_offers(offers, users))
        for place in range(effects.alone.shape[1]):
            key = () if place == 0 else (place - 1,)
            yield key, effects.alone[:, place], effects.joint[:, place]


def _base_parts(
    base: InteractionBase, users: Matrix, offers: Codes
) -> Iterator[tuple[tuple[int, ...], Vector, Vector]]:
    weights = base.weights.astype(np.float64)
    own = weights - weights.mean(axis=0)
    matrix = base.design.matrix(users).astype(np.float64)
    yield (), own[offers, 0], np.zeros(len(offers))
    for key, columns in _columns(base).items():
        part = matrix[:, columns]
        yield (
            key,
            (part * weights[offers][:, columns]).sum(axis=1),
            (part * own[offers][:, columns]).sum(axis=1),
        )


def _columns(base: InteractionBase) -> dict[tuple[int, ...], list[int]]:
    """Columns of the design's matrix by the features they are made of."""
    of = [column.feature for column in base.design.columns]
    keys: list[tuple[int, ...]] = [(f,) for f in of]
    keys += [(min(of[i], of[j]), max(of[i], of[j])) for i, j in base.design.pairs]
    found: dict[tuple[int, ...], list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, []).append(1 + place)
    return found


def _term(features: tuple[int, ...], schema: FeatureSchema) -> Term:
    if not features:
        return Term(OFFER, OFFER)
    names = [feature_name(schema, j) for j in features]
    kind = PAIR if len(names) > 1 else schema.features[features[0]].kind
    return Term(" x ".join(names), kind, features)
