"""What would change an order: every feature by itself set to other values, scored again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorer.arrays import Matrix, Vector
from scorer.explanations.decision import Decision
from scorer.features import Feature
from scorer.sql import quote
from scorer.warehouse.database import Connection

OTHER = "any other value"
_QUANTILES = [q / 20 for q in range(1, 20)]


@dataclass(frozen=True)
class Change:
    """With the feature at ``value`` instead, ``offer_id`` comes first.

    ``lead`` is its score minus that of the offer that is first now, in units of the score.
    """

    feature: str
    kind: str
    value: Any
    offer_id: str
    score: float
    lead: float


def find_changes(connection: Connection, decision: Decision) -> list[Change]:
    """Return every single change that puts another offer first, the clearest first.

    Segments are flipped, categories set to each that the model knows, to any other and to
    missing, numbers to the 5 % steps of the strategy's people and to missing: of those the
    nearest for each new first offer. What may be shown, and the placement, stay as they are.
    """
    if not decision.is_personalised or len(decision.by_model) < 2:
        return []
    tried = [
        (feature, value, user)
        for j, feature in enumerate(decision.schema.features)
        if feature.name != "placement_id"
        for value, user in _variants(connection, decision, j, feature)
    ]
    if not tried:
        return []
    scores = _scores(decision, np.concatenate([user for _, _, user in tried]))
    first = int(_scores(decision, decision.users).argmax())
    offers = decision.context.candidates
    found = [
        Change(
            feature.name,
            feature.kind,
            value,
            offers[best].offer_id,
            float(row[best]),
            float(row[best] - row[first]),
        )
        for (feature, value, _), row, best in zip(tried, scores, scores.argmax(axis=1), strict=True)
        if best != first
    ]
    return sorted(_nearest(found, decision), key=lambda change: -change.lead)


def _variants(
    connection: Connection, decision: Decision, j: int, feature: Feature
) -> Iterator[tuple[Any, Matrix]]:
    """Other values of a feature, each with the person as encoded then."""
    now = float(decision.users[0, j])
    options: list[tuple[Any, float]]
    if feature.value_type == "boolean":
        options = [(True, 1.0), (False, 0.0)]
    elif feature.value_type == "category":
        options = [(name, float(code)) for code, name in enumerate(feature.categories)]
        options += [(OTHER, float(len(feature.categories))), (None, np.nan)]
    else:
        options = [(v, v) for v in _steps(connection, decision, feature)] + [(None, np.nan)]
    for value, code in options:
        if code != now and not (np.isnan(code) and np.isnan(now)):
            user = decision.users.copy()
            user[0, j] = code
            yield value, user


def _steps(connection: Connection, decision: Decision, feature: Feature) -> list[float]:
    """5 % quantiles of a number among the strategy's people, without repetition."""
    row = connection.execute(
        f"select quantile_disc(try_cast({quote(feature.column)} as double), ?) from"
        f" (select {feature.sql} from ranking_candidates where strategy_id = ?)",
        [_QUANTILES, decision.context.strategy_id],
    ).fetchone()
    values = [] if row is None or row[0] is None else row[0]
    return sorted({float(v) for v in values if v is not None and np.isfinite(v)})


def _scores(decision: Decision, users: Matrix) -> Vector:
    """Scores of the candidates, -inf where the model may not rank one, float64 (n, n_offers)."""
    columns = decision.context.score_columns
    assert decision.model is not None
    scores = decision.model.score(users)[:, np.maximum(columns, 0)]
    return np.where(decision.eligible & (columns >= 0), scores, -np.inf)


def _nearest(changes: list[Change], decision: Decision) -> Iterator[Change]:
    """Of the numbers that put one offer first the nearest on either side; all other changes."""
    now = {v["feature"]: v["value"] for v in decision.values() if v["kind"] == "context"}
    nearest: dict[tuple[str, str, bool], Change] = {}
    for change in changes:
        at = _number(now.get(change.feature))
        if not isinstance(change.value, float) or at is None:
            yield change
            continue
        key = (change.feature, change.offer_id, change.value > at)
        best = nearest.get(key)
        if best is None or abs(change.value - at) < abs(best.value - at):
            nearest[key] = change
    yield from nearest.values()


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
