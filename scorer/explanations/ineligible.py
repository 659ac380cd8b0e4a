"""Why an offer may not be shown to a person at a placement, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scorer.errors import ConfigurationError
from scorer.explanations.decision import Decision
from scorer.warehouse.database import Connection

_OFFER = """
select
    offers.status,
    offers.is_fallback,
    offers.start_date,
    offers.end_date,
    offers.placement_ids,
    readiness.offer_id is not null as is_in_strategy
from dim_offers as offers
left join offer_readiness as readiness
    on offers.offer_id = readiness.offer_id and readiness.strategy_id = ?
where offers.offer_id = ?
"""
_CAPPED = """
select max(profile_id is null)
from int_capped_offers
where
    offer_id = ?
    and (profile_id is null or profile_id = ?)
    and (placement_id is null or placement_id = ?)
"""
_EXCLUDED = """
select count(*)
from eligibility_exclusions
where
    offer_id = ?
    and (profile_id is null or profile_id = ?)
    and (placement_id is null or placement_id = ?)
"""
_RULES = """
select rule, list(segment_id order by segment_id)
from stg_eligibility_rules
where offer_id = ?
group by rule
"""
_SEGMENTS = "select segments from int_profile_rule_segments where profile_id = ?"


def why_ineligible(connection: Connection, decision: Decision, offer_id: str) -> str:
    """Return why an offer that is not eligible is not.

    Raises
    ------
    ConfigurationError
        The catalogue does not name the offer.
    """
    strategy, as_of = decision.context.strategy_id, decision.context.as_of
    found = connection.execute(_OFFER, [strategy, offer_id]).fetchone()
    if found is None:
        known = ", ".join(o.offer_id for o in decision.context.candidates)
        raise ConfigurationError(f"--offer: {offer_id!r} is unknown; there are: {known or 'none'}")
    return (
        _by_catalogue(found, decision.placement_id, as_of)
        or _by_counters(connection, decision, offer_id)
        or _by_segments(connection, decision.profile_id, offer_id)
        or "no rule allows it here"
    )


def _by_catalogue(offer: tuple[Any, ...], placement_id: str, as_of: datetime) -> str | None:
    status, is_fallback, start, end, placements, is_in_strategy = offer
    if is_fallback:
        return "it is a fallback offer, shown only where nothing else is eligible"
    if status != "approved":
        return f"its status is {status}"
    if not is_in_strategy:
        return "the strategy does not list it"
    if start is not None and start > as_of:
        return f"it starts on {start.date()}"
    if end is not None and end <= as_of:
        return f"it ended on {end.date()}"
    if placements is not None and placement_id not in placements:
        return f"it does not fit {placement_id}, only {', '.join(placements)}"
    return None


def _by_counters(connection: Connection, decision: Decision, offer_id: str) -> str | None:
    key = [offer_id, decision.profile_id, decision.placement_id]
    capped = connection.execute(_CAPPED, key).fetchone()
    if capped is not None and capped[0] is not None:
        whose = "in total" if capped[0] else "for this person"
        return f"it has reached a limit of the capping rules {whose}"
    excluded = connection.execute(_EXCLUDED, key).fetchone()
    return "the model eligibility_exclusions rules it out" if excluded and excluded[0] else None


def _by_segments(connection: Connection, profile_id: str, offer_id: str) -> str | None:
    rules = dict(connection.execute(_RULES, [offer_id]).fetchall())
    row = connection.execute(_SEGMENTS, [profile_id]).fetchone()
    segments = set(row[0] or ()) if row else set()
    barred = sorted(segments & set(rules.get("exclude", ())))
    if barred:
        return f"an exclude rule names segment {barred[0]}, which the person is in"
    needed = rules.get("include", [])
    if needed and not segments & set(needed):
        return f"it is only for segment {' or '.join(needed)}, which the person is not in"
    return None
