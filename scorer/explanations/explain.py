"""Explain why a person gets an offer: what decided, the parts of its score, and what changes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scorer.config import Settings
from scorer.explanations.changes import find_changes
from scorer.explanations.decision import Decision, read_decision
from scorer.explanations.effects import (
    Effects,
    Term,
    effect_text,
    margin_effects,
)
from scorer.explanations.ineligible import why_ineligible
from scorer.models.protocol import MarginModel
from scorer.ranking.arms import INFORMED, UNIFORM
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.build_state import state_before
from scorer.warehouse.database import Connection, connect_build
from scorer.warehouse.marts import the_strategy

COLLECTING, EXPLORATION, CONTROL, FALLBACK, BEST_SINGLE, MODEL, NOTHING = (
    "collecting",
    "exploration",
    "control",
    "fallback",
    "best_single",
    "model",
    "nothing",
)
_READINESS = """
select offer_id, is_ready, displays, min_displays, successes, min_successes
from offer_readiness
where strategy_id = ?
"""
_REASON = """
select reason from scorer.training_runs where strategy_id = ? and as_of <= ?
order by as_of desc limit 1
"""

Part = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What to explain; by default the only placement and the first offer."""

    profile_id: str
    placement_id: str | None = None
    offer_id: str | None = None


def explain(settings: Settings, asked: Asked) -> Part:
    """Explain a decision of the last cycle, ready for JSON.

    Keys: `strategy_id, cycle_date, profile_id, placement_id, model_version, model_kind, decided_by`
    (model, best_single, exploration, control, collecting, fallback, nothing) with `reason`,
    `person` (every feature), `served` (rows of `ranked_offers`), `model_order` (all eligible
    offers), `offer` (the one explained), `comparison` with the runner-up or the first offer, and
    `changes`.

    Raises
    ------
    ConfigurationError
        Strategy, profile, placement or offer is unknown, or the cycle has not ranked yet.
    """
    state_before(settings, "monitor")
    with connect_build(settings.build_path, read_only=True) as connection:
        strategy = the_strategy(connection, settings)
        decision = read_decision(
            connection, settings, strategy, (asked.profile_id, asked.placement_id)
        )
        decided_by = _decided_by(decision)
        readiness = _readiness(connection, decision)
        offer_id = asked.offer_id or _first(decision)
        deployed = decision.context.deployed
        return {
            "strategy_id": strategy,
            "cycle_date": settings.cycle_date.isoformat(),
            "profile_id": decision.profile_id,
            "placement_id": decision.placement_id,
            "model_version": deployed.version if deployed else None,
            "model_kind": deployed.model.kind if deployed else None,
            "decided_by": decided_by,
            "reason": _reason(connection, settings, decision, decided_by),
            "person": decision.values(),
            "served": decision.served,
            "model_order": decision.by_model,
            "offer": None
            if offer_id is None
            else _offer(connection, decision, offer_id, readiness.get(offer_id)),
            "comparison": _comparison(decision, offer_id),
            "changes": [asdict(change) for change in find_changes(connection, decision)],
        }


def _first(decision: Decision) -> str | None:
    return str(decision.served[0]["offer_id"]) if decision.served else None


def _decided_by(decision: Decision) -> str:
    if not decision.served:
        return NOTHING
    policy = decision.served[0]["policy"]
    if policy in (UNIFORM, INFORMED):
        return EXPLORATION if decision.context.scored_offer_ids else COLLECTING
    return str(policy)


def _reason(connection: Connection, settings: Settings, decision: Decision, decided_by: str) -> str:
    """What decided the ranking, as a sentence."""
    context = decision.context
    if decided_by == NOTHING:
        return "no offer is eligible, and the placement has no fallback offer"
    if decided_by == FALLBACK:
        return "no other offer is eligible: fallback offers by priority"
    if decided_by == EXPLORATION:
        return (
            f"the person is among the {context.exploration_share:.0%} that explore until"
            f" {context.valid_to.date()}: the order was drawn at random"
        )
    if decided_by == CONTROL:
        return (
            f"the person is among the {context.control_share:.0%} in the control arm until"
            f" {context.valid_to.date()}: offers by priority, then offer id"
        )
    if decided_by == COLLECTING:
        row = connection.execute(_REASON, [context.strategy_id, settings.as_of]).fetchone()
        return f"no model ranks, all traffic is random: {(row and row[0]) or 'no model is trained'}"
    if decided_by == BEST_SINGLE:
        return f"everybody gets the best single offer here: {_gate(settings, decision)}"
    return "the model personalises the order for this person"


def _gate(settings: Settings, decision: Decision) -> str:
    """The recorded reason for deploying the model in use, from the gate or a user."""
    assert decision.context.deployed is not None
    version = decision.context.deployed.version
    history = ModelRegistry(settings.models_dir).history(decision.context.strategy_id)
    reasons = [d.reason for d in history if d.model_version == version and d.reason]
    return reasons[-1] if reasons else "personalisation shows no gain"


def _readiness(connection: Connection, decision: Decision) -> dict[str, Part]:
    rows = connection.sql(_READINESS, params=[decision.context.strategy_id]).to_arrow_table()
    return {row.pop("offer_id"): row for row in rows.to_pylist()}


def _offer(
    connection: Connection, decision: Decision, offer_id: str, readiness: Part | None
) -> Part:
    """State of the offer: eligibility, readiness, ranks and score."""
    columns, context = decision.context.candidate_columns, decision.context
    place = columns.get(offer_id)
    is_eligible = place is not None and bool(decision.eligible[place])
    served = next((r for r in decision.served if r["offer_id"] == offer_id), None)
    by_model = next((r for r in decision.by_model if r["offer_id"] == offer_id), None)
    score = None if place is None or np.isnan(decision.scores[place]) else decision.scores[place]
    is_scored = offer_id in context.scored_offer_ids
    why_not = None
    if not is_eligible and not (served and served["policy"] == FALLBACK):
        why_not = why_ineligible(connection, decision, offer_id)
    return {
        "offer_id": offer_id,
        "is_eligible": is_eligible,
        "why_not_eligible": why_not,
        "rank": served and served["rank"],
        "model_rank": by_model and by_model["rank"],
        "score": None if score is None else float(score),
        "is_ranked_by_model": is_scored,
        "readiness": readiness,
    }


def _comparison(decision: Decision, offer_id: str | None) -> Part | None:
    """Terms of the offer beside those of its rival; None if no model personalises."""
    inner = None if decision.model is None else decision.model.margin_model
    scored = decision.context.scored_offer_ids
    if inner is None or offer_id not in scored or not decision.is_personalised:
        return None
    others = [
        str(row["offer_id"])
        for row in decision.by_model
        if row["offer_id"] != offer_id and row["offer_id"] in scored
    ]
    pair = [offer_id, *others[:1]]
    codes = np.array([inner.offer_ids.index(offer) for offer in pair])
    effects = margin_effects(inner, np.repeat(decision.users, len(pair), axis=0), codes)
    return {
        "offer_ids": pair,
        "link": inner.calibration.link,
        "slope": inner.calibration.slope,
        "scores": [_score(decision, offer) for offer in pair],
        "margins": effects.margins.tolist(),
        "start": effects.start.tolist(),
        "values_of_success": _values(decision, codes),
        "terms": _terms(decision, inner, effects),
    }


def _score(decision: Decision, offer_id: str) -> float:
    assert decision.model is not None
    scores = decision.model.score(decision.users)[0]
    return float(scores[decision.model.offer_ids.index(offer_id)])


def _values(decision: Decision, codes: np.ndarray) -> list[float] | None:
    """Value of one success of each offer, if the score is P(success) times this value."""
    values = None if decision.model is None else decision.model.success_values
    return None if values is None else values[codes].tolist()


def _terms(decision: Decision, inner: MarginModel, effects: Effects) -> list[Part]:
    """Terms by their effect on the difference, or on the margin if there is only one offer."""
    values, calibration = effects.values, inner.calibration
    gap = values[0] - values[1] if len(values) > 1 else values[0]
    order = np.argsort(-np.abs(gap), kind="stable")
    return [
        {
            "term": effects.terms[i].name,
            "kind": effects.terms[i].kind,
            "person": _of_person(decision, effects.terms[i]),
            "effects": values[:, i].tolist(),
            "own_effects": effects.joint[:, i].tolist(),
            "effects_text": [effect_text(float(v), calibration) for v in values[:, i]],
            "difference": float(gap[i]),
            "difference_text": effect_text(float(gap[i]), calibration),
        }
        for i in order.tolist()
    ]


def _of_person(decision: Decision, term: Term) -> str:
    values = decision.values()
    return ", ".join(value_text(values[j]["value"]) for j in term.features)


def value_text(value: Any) -> str:
    """Return the value of a feature as text for people."""
    if value is None or value == "":
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
