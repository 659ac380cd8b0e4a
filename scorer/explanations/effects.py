"""Decompose margins into what the offer, each feature and each pair of features add.

A linear base adds design row x weights, summed by feature or pair; trees add Shapley values. The
remainder is the start. It is the same for all offers of a model with a base, and almost the same
without one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Codes, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.calibration import Calibration
from scorer.models.protocol import MarginModel

OFFER, PAIR = "offer", "pair"


@dataclass(frozen=True)
class Term:
    """A part of a margin: the offer itself (no feature), a feature, or a pair of features.

    ``kind`` is offer, pair or the kind of the feature; ``features`` are positions in the schema.
    """

    name: str
    kind: str
    features: tuple[int, ...] = ()


@dataclass(frozen=True)
class Effects:
    """Decomposed margins of n users with an offer each.

    Attributes
    ----------
    terms : the parts of the margins.
    values : float64 (n, n_terms), in units of the margin.
    joint : float64 (n, n_terms), the part of each value that only this offer gets, compared with
        the mean of all offers; 0 for the offer itself.
    margins, start : float64 (n,); ``margins = start + values.sum(1)``, exactly.
    """

    terms: tuple[Term, ...]
    values: Vector
    joint: Vector
    margins: Vector
    start: Vector


def margin_effects(model: MarginModel, users: Matrix, offers: Codes) -> Effects:
    """Decompose margins; users float32 (n, n_features), offers int64 (n,) columns of the model."""
    values: dict[tuple[int, ...], Vector] = {(): np.zeros(len(offers))}
    joint: dict[tuple[int, ...], Vector] = {(): np.zeros(len(offers))}
    for key, alone, together in model.effects(users, offers):
        values[key] = values.get(key, 0) + alone
        joint[key] = joint.get(key, 0) + together
    margins = model.shown_margins(users, offers).astype(np.float64)
    stacked = np.column_stack(list(values.values()))
    return Effects(
        tuple(_term(key, model.schema) for key in values),
        stacked,
        np.column_stack(list(joint.values())),
        margins,
        margins - stacked.sum(axis=1),
    )


def effect_text(effect: float, calibration: Calibration) -> str:
    """The effect on the score as text: ``x1.8`` or ``+0.3``.

    An effect on the margin multiplies the odds p / (1 - p) of a binary KPI, or the expected value;
    with a linear link it is added to the value.
    """
    change = effect * calibration.slope
    if calibration.link == "identity":
        return f"{change:+.3g}"
    return f"x{np.exp(change):.2f}"


def feature_name(schema: FeatureSchema, position: int) -> str:
    """Name of a feature, with its kind if another feature has the same name."""
    feature = schema.features[position]
    is_unique = sum(other.name == feature.name for other in schema.features) == 1
    return feature.name if is_unique else feature.column


def _term(features: tuple[int, ...], schema: FeatureSchema) -> Term:
    if not features:
        return Term(OFFER, OFFER)
    names = [feature_name(schema, j) for j in features]
    kind = PAIR if len(names) > 1 else schema.features[features[0]].kind
    return Term(" x ".join(names), kind, features)
