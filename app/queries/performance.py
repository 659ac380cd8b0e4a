"""Queries of the page Performance: arms compared, over time, and by placement and activity."""

from __future__ import annotations

import math

import pandas as pd

from app.database import Publication
from app.filters import Period

# Clustered by profile if there are enough profiles: the displays of one person are dependent.
_WINDOW = """
select
    traffic_type,
    displays,
    successes,
    success_rate,
    reward_per_display,
    status,
    lift,
    coalesce(lift_low_clustered, lift_low) as lift_low,
    coalesce(lift_high_clustered, lift_high) as lift_high,
    coalesce(p_value_clustered, p_value) as p_value,
    power_sentence
from arm_performance
where
    strategy_id = $strategy
    and placement_id = coalesce($placement, 'all')
    and window_days = $days
order by traffic_type
"""
_GROUPS = """
with sums as (
    select
        case $by when 'placement' then placement_id when 'activity' then activity_id else 'all' end
            as group_id,
        traffic_type,
        sum(mature_displays)::bigint as displays,
        sum(successes)::bigint as successes,
        sum(reward) as reward,
        sum(squared_reward) as squared_reward
    from daily_outcomes
    where
        strategy_id = $strategy
        and ($placement is null or placement_id = $placement)
        and display_date between $start and $end
    group by all
    having sum(mature_displays) > 0
),
arms as (
    select
        *,
        successes / displays as success_rate,
        reward / displays as reward_per_display,
        (squared_reward / displays - pow(reward / displays, 2)) / displays as squared_error
    from sums
),
compared as (
    select
        arms.*,
        arms.reward_per_display / nullif(random.reward_per_display, 0) as ratio,
        (arms.reward_per_display - random.reward_per_display)
        / nullif(sqrt(arms.squared_error + random.squared_error), 0) as z,
        1.96 * sqrt(
            arms.squared_error / nullif(pow(arms.reward_per_display, 2), 0)
            + random.squared_error / nullif(pow(random.reward_per_display, 2), 0)
        ) as half_width,
        coalesce(arms.successes >= 20 and random.successes >= 20, false) as is_enough
    from arms
    left join arms as random
        on arms.group_id = random.group_id
        and random.traffic_type = 'random'
        and arms.traffic_type <> 'random'
)
select
    group_id,
    traffic_type,
    displays,
    successes,
    success_rate,
    reward_per_display,
    case when traffic_type = 'random' then 'reference' when is_enough then 'ok' else 'insufficient'
        end as status,
    case when is_enough then ratio - 1 end as lift,
    case when is_enough then ratio * exp(-half_width) - 1 end as lift_low,
    case when is_enough then ratio * exp(half_width) - 1 end as lift_high,
    case when is_enough then z end as z,
    null::varchar as power_sentence
from compared
order by group_id, traffic_type
"""
_OVER_TIME = """
with days as (
    select
        traffic_type,
        display_date,
        sum(mature_displays) as displays,
        sum(successes) as successes,
        sum(reward) as reward,
        sum(squared_reward) as squared_reward
    from daily_outcomes
    where strategy_id = $strategy and ($placement is null or placement_id = $placement)
    group by all
),
weekly as (
    select
        traffic_type,
        display_date,
        sum(displays) over week as displays,
        sum(successes) over week as successes,
        sum(reward) over week / nullif(sum(displays) over week, 0) as reward_per_display,
        sum(squared_reward) over week / nullif(sum(displays) over week, 0) as mean_square
    from days
    window week as (
        partition by traffic_type order by display_date
        range between interval 6 day preceding and current row
    )
)
select
    traffic_type,
    display_date,
    displays,
    successes,
    reward_per_display,
    greatest(
        0,
        reward_per_display - 1.96 * sqrt((mean_square - pow(reward_per_display, 2)) / displays)
    ) as low,
    reward_per_display + 1.96 * sqrt((mean_square - pow(reward_per_display, 2)) / displays) as high
from weekly
where display_date between $start and $end and displays > 0
order by traffic_type, display_date
"""
_ALLOCATION = """
select
    display_date,
    traffic_type,
    sum(displays)::bigint as displays,
    sum(displays) / sum(sum(displays)) over (partition by display_date) as share
from daily_outcomes
where
    strategy_id = $strategy
    and ($placement is null or placement_id = $placement)
    and display_date between $start and $end
group by display_date, traffic_type
order by display_date, traffic_type
"""


def arms(
    publication: Publication, strategy: str, placement: str | None, period: Period
) -> pd.DataFrame:
    """Return one row per arm of a period: counts, reward, lift over random, its 95 % interval.

    The last 7 and 30 days come from `arm_performance`, whose intervals are clustered by person; a
    custom period takes displays as independent.
    """
    if period.is_custom:
        return _groups(publication, strategy, placement, period, "all")
    return publication.frame(_WINDOW, strategy=strategy, placement=placement, days=period.days)


def by_group(
    publication: Publication, strategy: str, placement: str | None, period: Period
) -> pd.DataFrame:
    """Return one row per arm and placement, and per arm and activity; `kind` says which."""
    parts = [
        _groups(publication, strategy, placement, period, by).assign(kind=by)
        for by in ("placement", "activity")
    ]
    return pd.concat(parts, ignore_index=True)


def over_time(
    publication: Publication, strategy: str, placement: str | None, period: Period
) -> pd.DataFrame:
    """Return one row per arm and day: mean of that day and up to 6 before, 95 % interval."""
    return publication.frame(_OVER_TIME, **_asked(strategy, placement, period))


def allocation(
    publication: Publication, strategy: str, placement: str | None, period: Period
) -> pd.DataFrame:
    """Return one row per day and arm: displays and their share."""
    return publication.frame(_ALLOCATION, **_asked(strategy, placement, period))


def _groups(
    publication: Publication, strategy: str, placement: str | None, period: Period, by: str
) -> pd.DataFrame:
    frame = publication.frame(_GROUPS, by=by, **_asked(strategy, placement, period))
    frame["p_value"] = [math.erfc(abs(z) / math.sqrt(2)) for z in frame["z"]]
    return frame


def _asked(strategy: str, placement: str | None, period: Period) -> dict[str, object]:
    return {
        "strategy": strategy,
        "placement": placement,
        "start": period.start,
        "end": period.end,
    }
