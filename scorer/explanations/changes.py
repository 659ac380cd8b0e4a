"""Find changes of single features that would put another offer first."""

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
    """If the feature had ``value``, ``offer_id`` would come first.

    ``lead`` is its score minus the score of the offer that is first now, in units of the score.
    """

    feature: str
    kind: str
    value: Any
    offer_id: str
    score: float
    lead: float


def find_changes(connection: Connection, decision: Decision) -> list[Change]:
    """Return all changes of one feature that put another offer first, the largest lead first.

    Segments are flipped; categories are set to each known value, to any other and to missing;
    numbers are set to the 5 % quantiles of the profiles of the strategy and to missing. Of the
    numbers, the nearest on either side is kept for each new first offer. Eligibility and placement
    do not change.
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
    """Other values of a feature, each with the encoded person who has it."""
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
    """Distinct 5 % quantiles of a number over the profiles of the strategy."""
    row = connection.execute(
        f"select quantile_disc(try_cast({quote(feature.column)} as double), ?) from"
        f" (select {feature.sql} from ranking_candidates where strategy_id = ?)",
        [_QUANTILES, decision.context.strategy_id],
    ).fetchone()
    values = [] if row is None or row[0] is None else row[0]
    return sorted({float(v) for v in values if v is not None and np.isfinite(v)})


def _scores(decision: Decision, users: Matrix) -> Vector:
    """Scores of the candidates, float64 (n, n_offers), -inf where the model cannot rank one."""
    columns = decision.context.score_columns
    assert decision.model is not None
    scores = decision.model.score(users)[:, np.maximum(columns, 0)]
    return np.where(decision.eligible & (columns >= 0), scores, -np.inf)


def _nearest(changes: list[Change], decision: Decision) -> Iterator[Change]:
    """All changes, but of numbers only the nearest on either side for each new first offer."""
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
