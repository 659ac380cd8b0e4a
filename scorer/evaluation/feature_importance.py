"""Rows of `feature_importance`: the features that a model uses, overall and for each offer.

===========  ====================================================================================
gain         total reduction of the training loss by splits on a feature (trees only)
contribution mean absolute effect on the margin, over sampled people and all offers
interaction  mean absolute part of the effect that differs between offers; only this part can change
             a ranking
===========  ====================================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.arrays import Codes, Matrix, Vector
from scorer.explanations.effects import (
    OFFER,
    Term,
    feature_name,
    margin_effects,
)
from scorer.features import encode_users
from scorer.models.protocol import MarginModel, RewardModel
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import Connection
from scorer.warehouse.scorer_tables import insert_rows

Row = dict[str, Any]

SAMPLED_USERS = 200
_FEWEST_USERS = 40
_SAMPLED_ROWS = 4_000
_TERMS_OF_AN_OFFER = 10


def importance_rows(model: RewardModel, examples: pa.Table) -> list[Row]:
    """Measure a model on people sampled evenly over time from training examples.

    Returns rows without strategy and version; none for the best single offer, which uses no
    features. The same model and examples, in any order, give the same rows.
    """
    inner = model.margin_model
    if inner is None or examples.num_rows == 0:
        return []
    n_offers = len(inner.offer_ids)
    n_users = int(np.clip(_SAMPLED_ROWS // n_offers, _FEWEST_USERS, SAMPLED_USERS))
    users = encode_users(sample(examples, n_users), inner.schema)
    return [*_gain_rows(inner), *_effect_rows(inner, users)]


def replace_importance(
    connection: Connection,
    registry: ModelRegistry,
    strategy: str,
    version: str | None,
    rows: list[Row],
) -> None:
    """Replace the rows of a version in `scorer.feature_importance`; drop removed versions."""
    known = [manifest["model_version"] for manifest in registry.versions(strategy)]
    connection.execute(
        "delete from scorer.feature_importance where strategy_id = ? and"
        " (model_version = ? or not list_contains(?::varchar[], model_version))",
        [strategy, version, known],
    )
    if rows:
        key = {"strategy_id": strategy, "model_version": version}
        table = pa.Table.from_pylist([key | row for row in rows])
        insert_rows(connection, "feature_importance", table)


def sample(examples: pa.Table, n: int) -> pa.Table:
    """At most n rows, evenly spaced in order of time."""
    keys = [("event_ts", "ascending"), ("display_id", "ascending")]
    order = pc.sort_indices(examples, sort_keys=keys).to_numpy()
    places = np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(np.int64)
    return examples.take(pa.array(order[np.unique(places)]))


def _gain_rows(model: MarginModel) -> list[Row]:
    gains = model.gains()
    if gains is None:
        return []
    terms = [Term(OFFER, OFFER), *_features(model)]
    return _ranked(terms, gains, "gain", None, len(terms))


def _features(model: MarginModel) -> list[Term]:
    return [
        Term(feature_name(model.schema, j), feature.kind, (j,))
        for j, feature in enumerate(model.schema.features)
    ]


def _effect_rows(model: MarginModel, users: Matrix) -> list[Row]:
    n_offers = len(model.offer_ids)
    offers = np.tile(np.arange(n_offers), len(users))
    effects = margin_effects(model, np.repeat(users, n_offers, axis=0), offers)
    terms, rows = list(effects.terms), []
    for measure, values in (("contribution", effects.values), ("interaction", effects.joint)):
        size = np.abs(values).reshape(len(users), n_offers, len(terms)).mean(axis=0)
        rows += _ranked(terms, size.mean(axis=0), measure, None, len(terms))
        for offer_id, of_offer in zip(model.offer_ids, size, strict=True):
            rows += _ranked(terms, of_offer, measure, offer_id, _TERMS_OF_AN_OFFER)
    return rows


def _ranked(
    terms: list[Term], values: Vector, measure: str, offer_id: str | None, at_most: int
) -> list[Row]:
    """Terms with any importance, the most important first; shares are of all terms."""
    order: Codes = np.argsort(-values, kind="stable")[:at_most]
    total = float(values.sum())
    return [
        {
            "feature_name": terms[i].name,
            "feature_kind": terms[i].kind,
            "offer_id": offer_id,
            "measure": measure,
            "importance": float(values[i]),
            "share": float(values[i]) / total,
            "importance_rank": rank,
        }
        for rank, i in enumerate(order.tolist(), start=1)
        if values[i] > 0
    ]
