"""Parts of a score: the effects of the offer, each feature and each pair of features."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from scorer.arrays import Matrix
from scorer.explanations.effects import effect_text, margin_effects
from scorer.features import FeatureSchema
from scorer.ranking.context import StrategyContext

_PARTS = 6


class Part(msgspec.Struct, frozen=True):
    """A part of a score."""

    name: Annotated[str, Meta(description="offer, a feature, or two features.")]
    value: str
    effect: Annotated[str, Meta(description="x1.8 multiplies odds or value, +0.3 is added.")]


class Why(msgspec.Struct, frozen=True):
    """Parts of the score of an offer; no parts if scores do not depend on people."""

    offer_id: str
    sentence: str
    parts: list[Part]


def why(context: StrategyContext, user: Matrix, offer_id: str, policy: str) -> Why:
    """Explain an offer for an encoded user, float32 (n_features,), largest parts first."""
    model = context.deployed.model if context.deployed else None
    sentence = _SENTENCES.get(policy, f"The policy {policy} chose the order.")
    margins = model.margin_model if model else None
    if margins is None or offer_id not in context.scored_offer_ids or policy == "best_single":
        return Why(offer_id, sentence, [])
    column = np.array([margins.offer_ids.index(offer_id)])
    effects = margin_effects(margins, user[None], column)
    parts = sorted(zip(effects.terms, effects.values[0], strict=True), key=lambda p: -abs(p[1]))
    schema = margins.schema
    return Why(
        offer_id,
        sentence,
        [
            Part(
                term.name,
                ", ".join(_value(schema, j, user[j]) for j in term.features),
                effect_text(float(value), margins.calibration),
            )
            for term, value in parts[:_PARTS]
        ],
    )


_SENTENCES = {
    "model": "The model personalises the order for this person.",
    "best_single": "Everybody gets the best single offer here: personalisation is not proven.",
    "uniform": "This person explores until the next cycle: the order was drawn at random.",
    "informed": (
        "This person explores until the next cycle: the order was drawn at random, offers with"
        " little data more often first."
    ),
    "control": "This person is in the control group: offers follow their business priority.",
    "fallback": "No other offer is eligible.",
}


def _value(schema: FeatureSchema, position: int, code: float) -> str:
    feature = schema.features[position]
    if np.isnan(code):
        return "unknown"
    if feature.value_type == "category":
        at = int(code)
        return feature.categories[at] if at < len(feature.categories) else "another"
    if feature.value_type == "boolean":
        return "yes" if code else "no"
    return f"{code:g}"
