"""Queries of the page Offers: readiness, performance, new offers, similarity."""

from __future__ import annotations

import pandas as pd

from app.database import Publication
from app.filters import Period

_MOST_OFFERS = 2000
_READINESS = """
with pace as (
    select
        strategy_id,
        offer_id,
        sum(displays) / 7 as displays_a_day,
        -- Displays of the last days have no final outcome yet: the rate is of those that have one.
        coalesce(sum(successes) / nullif(sum(mature_displays), 0), 0) * sum(displays) / 7
            as successes_a_day
    from offer_performance
    where strategy_id = $strategy and window_days = 7
    group by strategy_id, offer_id
),
measured as (
    select
        readiness.*,
        coalesce(offers.offer_name, readiness.offer_id) as offer_name,
        offers.status as offer_status,
        offers.start_date,
        offers.end_date,
        strategies.lookback_days,
        coalesce(pace.displays_a_day, 0) as displays_a_day,
        coalesce(pace.successes_a_day, 0) as successes_a_day,
        sum(coalesce(pace.displays_a_day, 0)) over pool as pool_displays_a_day,
        sum(coalesce(pace.successes_a_day, 0)) over pool as pool_successes_a_day,
        greatest(
            0,
            readiness.min_displays - readiness.pooled_displays,
            ceil(readiness.min_displays / 10) - readiness.displays
        )::bigint as missing_displays,
        greatest(0, readiness.min_successes - readiness.pooled_successes) as missing_successes
    from offer_readiness as readiness
    inner join dim_ranking_strategies as strategies
        on readiness.strategy_id = strategies.strategy_id
    left join dim_offers as offers on readiness.offer_id = offers.offer_id
    left join pace
        on readiness.strategy_id = pace.strategy_id and readiness.offer_id = pace.offer_id
    where readiness.strategy_id = $strategy
    window pool as (
        partition by readiness.pool, if(readiness.pool is null, readiness.offer_id, null)
    )
)
select
    * exclude (strategy_id),
    -- Displays that grow old leave the look-back: a pace that cannot fill it never gets there.
    pool_displays_a_day * lookback_days >= min_displays
    and displays_a_day * lookback_days >= min_displays / 10
    and pool_successes_a_day * lookback_days >= min_successes as is_reachable,
    greatest(
        ceil(greatest(0, min_displays - pooled_displays) / nullif(pool_displays_a_day, 0)),
        ceil(greatest(0, min_displays / 10 - displays) / nullif(displays_a_day, 0)),
        ceil(missing_successes / nullif(pool_successes_a_day, 0))
    )::bigint as days_needed
from measured
order by is_ready, displays desc, offer_id
limit $most
"""
_PERFORMANCE = """
with sums as (
    select
        offer_id,
        arm,
        sum(displays)::bigint as displays,
        sum(mature_displays)::bigint as mature_displays,
        sum(successes)::bigint as successes,
        sum(reward) as reward,
        sum(squared_reward) as squared_reward
    from daily_outcomes
    where
        strategy_id = $strategy
        and ($placement is null or placement_id = $placement)
        and display_date between $start and $end
        and arm in ('random', 'personalised')
    group by all
),
measured as (
    select
        *,
        displays / sum(displays) over (partition by arm) as share,
        successes / nullif(mature_displays, 0) as success_rate,
        reward / nullif(mature_displays, 0) as reward_per_display,
        1.96 * sqrt(
            greatest(0, squared_reward / nullif(mature_displays, 0)
            - pow(reward / nullif(mature_displays, 0), 2)) / nullif(mature_displays, 0)
        ) as half_width,
        sum(displays) over (partition by offer_id) as all_displays
    from sums
)
select
    measured.offer_id,
    coalesce(offers.offer_name, measured.offer_id) as offer_name,
    measured.arm,
    measured.displays,
    measured.share,
    measured.mature_displays,
    measured.successes,
    measured.success_rate,
    measured.reward_per_display,
    greatest(
        -- Only a net value can be negative.
        (
            select if(objective = 'net_value', '-inf'::double, 0)
            from dim_ranking_strategies where strategy_id = $strategy
        ),
        measured.reward_per_display - measured.half_width
    ) as low,
    measured.reward_per_display + measured.half_width as high,
    dense_rank() over (order by measured.all_displays desc, measured.offer_id) as place
from measured
left join dim_offers as offers on measured.offer_id = offers.offer_id
order by place, measured.arm
limit 2 * $most
"""
_JOURNEY = """
with daily as (
    select
        offer_id,
        arm,
        display_date,
        sum(displays) as displays,
        sum(mature_displays) as mature_displays,
        sum(successes) as successes
    from daily_outcomes
    where strategy_id = $strategy and arm in ('random', 'personalised')
    group by all
),
firsts as (
    select
        offer_id,
        min(display_date) as first_date,
        min(min(display_date)) over () as first_of_all,
        sum(displays) as all_displays
    from daily
    group by offer_id
),
-- An offer that is shown seldom may miss the first days without being new.
fresh as (
    select offer_id, first_date
    from firsts
    where
        (all_displays >= 100 and first_date > first_of_all + 1)
        or (all_displays >= 20 and first_date > first_of_all + 3)
    order by first_date desc, all_displays desc, offer_id
    limit 4
),
totals as (
    select
        arm,
        display_date,
        sum(displays) as displays
    from daily
    group by all
)
select
    fresh.offer_id,
    coalesce(offers.offer_name, fresh.offer_id) as offer_name,
    fresh.first_date,
    totals.arm,
    totals.display_date,
    coalesce(daily.displays, 0)::bigint as displays,
    coalesce(daily.displays, 0) / totals.displays as share
from fresh
cross join totals
left join daily
    on fresh.offer_id = daily.offer_id
    and totals.arm = daily.arm
    and totals.display_date = daily.display_date
left join dim_offers as offers on fresh.offer_id = offers.offer_id
order by fresh.first_date desc, fresh.offer_id, totals.arm, totals.display_date
"""
_SIMILARITY = """
with pairs as (
    select *
    from offer_similarity
    where strategy_id = $strategy
),
sizes as (
    select offer_id, max(displays) as displays
    from (
        select offer_id, displays from pairs
        union all
        select other_offer_id, other_displays from pairs
    )
    group by offer_id
    order by displays desc, offer_id
    limit 25
)
select
    coalesce(offers.offer_name, pairs.offer_id) as offer_name,
    coalesce(others.offer_name, pairs.other_offer_id) as other_offer_name,
    pairs.verdict,
    pairs.similarity,
    pairs.detectable_factor,
    pairs.most_different_feature,
    pairs.sentence
from pairs
inner join sizes on pairs.offer_id = sizes.offer_id
inner join sizes as other_sizes on pairs.other_offer_id = other_sizes.offer_id
left join dim_offers as offers on pairs.offer_id = offers.offer_id
left join dim_offers as others on pairs.other_offer_id = others.offer_id
order by pairs.offer_id, pairs.other_offer_id
"""


def readiness(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return one row per offer, offers that are not ready first, at most 2,000.

    `days_needed` is the time to the thresholds at the pace of the last 7 days; `is_reachable` is
    whether that pace ever reaches them within the look-back.
    """
    return publication.frame(_READINESS, strategy=strategy, most=_MOST_OFFERS)


def performance(
    publication: Publication, strategy: str, placement: str | None, period: Period
) -> pd.DataFrame:
    """Return one row per offer and arm; the offer at `place` 1 has the most displays."""
    return publication.frame(
        _PERFORMANCE,
        strategy=strategy,
        placement=placement,
        start=period.start,
        end=period.end,
        most=_MOST_OFFERS,
    )


def journey(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the daily share of displays of up to 4 offers that are new in the last 30 days."""
    return publication.frame(_JOURNEY, strategy=strategy)


def similarity(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the pairs of the 25 offers with the most random displays."""
    return publication.frame(_SIMILARITY, strategy=strategy)
