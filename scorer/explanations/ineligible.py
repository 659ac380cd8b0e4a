"""Explain why an offer may not be shown to a person at a placement."""

from __future__ import annotations

from scorer.errors import ConfigurationError
from scorer.explanations.decision import Decision
from scorer.warehouse.database import Connection

_REASON = """
select ineligible.reason
from dim_offers as offers
left join ineligible_offers as ineligible
    on offers.offer_id = ineligible.offer_id
    and (ineligible.strategy_id is null or ineligible.strategy_id = ?)
    and (ineligible.placement_id is null or ineligible.placement_id = ?)
    and (ineligible.profile_id is null or ineligible.profile_id = ?)
    and (ineligible.eligibility_set_id is null or ineligible.eligibility_set_id = ?)
where offers.offer_id = ?
order by ineligible.reason_order
limit 1
"""


def why_ineligible(connection: Connection, decision: Decision, offer_id: str) -> str:
    """Return the first reason why an offer is not eligible, as the rest of a sentence.

    Raises
    ------
    ConfigurationError
        The offer is not in the catalogue.
    """
    set_id = decision.candidate.column("eligibility_set_id")[0].as_py()
    where = [decision.context.strategy_id, decision.placement_id, decision.profile_id, set_id]
    found = connection.execute(_REASON, [*where, offer_id]).fetchone()
    if found is None:
        known = ", ".join(o.offer_id for o in decision.context.candidates)
        raise ConfigurationError(f"--offer: {offer_id!r} is unknown; there are: {known or 'none'}")
    return found[0] or "no rule allows it here"
