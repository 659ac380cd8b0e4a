"""Time until offers are ready, at the pace of the look-back."""

from __future__ import annotations

from scorer.warehouse.database import Connection

_WAITING = """
with spans as (
    select
        strategies.strategy_id,
        strategies.lookback_days,
        greatest(
            date_diff('hour', min(examples.event_ts), max(examples.event_ts)) / 24.0, 1.0
        ) as days
    from dim_ranking_strategies as strategies
    inner join training_examples as examples on strategies.strategy_id = examples.strategy_id
    group by strategies.strategy_id, strategies.lookback_days
),
offers as (
    select
        spans.*,
        is_ready,
        -- Days that it takes to earn the thresholds from nothing.
        case when displays > 0 then spans.days * greatest(
            min_displays / pooled_displays,
            min_successes / pooled_successes,
            min_displays / 10 / displays
        ) end as needed
    from offer_readiness
    inner join spans on offer_readiness.strategy_id = spans.strategy_id
)
select
    strategy_id,
    count(*),
    count(*) filter (where not is_ready) as waiting,
    count(*) filter (where not is_ready and needed <= lookback_days),
    ceil(max(greatest(needed - days, 1)) filter (where not is_ready and needed <= lookback_days)),
    max(lookback_days)
from offers
group by strategy_id
having waiting > 0
order by strategy_id
"""


def waiting_offers(connection: Connection) -> list[str]:
    """Return a sentence per strategy: the number of offers that are not ready and their time to be
    ready."""
    found = connection.execute(_WAITING).fetchall()
    return [_sentence(*row) for row in found]


def _sentence(
    strategy: str, offers: int, waiting: int, soon: int, days: float | None, lookback: int
) -> str:
    parts = []
    if soon and days is not None:
        parts.append(f"{soon} will be in about {int(days)} days at this pace")
    if waiting > soon:
        parts.append(
            f"{waiting - soon} will not be within the look-back of {lookback} days at this pace"
        )
    return f"{strategy}: {waiting} of {offers} offers are not ready: {', '.join(parts)}"
