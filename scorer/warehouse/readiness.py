"""How long the offers that are not ready still take, at the pace of the look-back."""

from __future__ import annotations

from scorer.warehouse.database import Connection

_WAITING = """
with spans as (
    select
        strategies.lookback_days,
        greatest(
            date_diff('hour', min(examples.event_ts), max(examples.event_ts)) / 24.0, 1.0
        ) as days
    from dim_ranking_strategies as strategies
    inner join training_examples as examples on strategies.strategy_id = examples.strategy_id
    where strategies.strategy_id = $strategy
    group by strategies.lookback_days
),
offers as (
    select
        is_ready,
        -- Days that it takes to earn the thresholds from nothing.
        spans.days * greatest(min_displays / displays, min_successes / successes) as needed,
        spans.days,
        spans.lookback_days
    from offer_readiness
    cross join spans
    where strategy_id = $strategy
)
select
    count(*),
    count(*) filter (where not is_ready),
    count(*) filter (where not is_ready and needed <= lookback_days),
    ceil(max(greatest(needed - days, 1)) filter (where not is_ready and needed <= lookback_days)),
    max(lookback_days)
from offers
"""


def waiting_offers(connection: Connection, strategy: str) -> str | None:
    """Return how many offers are not ready and how long they will take; None if all are ready."""
    found = connection.execute(_WAITING, {"strategy": strategy}).fetchone()
    if found is None or not found[1]:
        return None
    offers, waiting, soon, days, lookback = found
    parts = []
    if soon:
        parts.append(f"{soon} will be in about {int(days)} days at this pace")
    if waiting > soon:
        parts.append(
            f"{waiting - soon} will not be within the look-back of {lookback} days at this pace"
        )
    return f"{waiting} of {offers} offers are not ready: {', '.join(parts)}"
