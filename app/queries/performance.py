"""Queries of the page Performance: arms compared, over time, and by placement and activity."""

from __future__ import annotations

import math

import pandas as pd

from app.database import Publication
from app.filters import Period

# Clustered by profile if there are enough profiles: the displays of one person are dependent.
_WINDOW = """
select
    arm,
    displays,
    successes,
    success_rate,
    reward_per_display,
    status,
    lift,
    coalesce(lift_low_clustered, lift_low) as lift_low,
    coalesce(lift_high_clustered, lift_high) as lift_high,
    coalesce(p_value_clustered, p_value) as p_value,
    power_sentence,
    status_over_control,
    lift_over_control,
    lift_over_control_low,
    lift_over_control_high,
    p_value_over_control,
    power_sentence_over_control
from arm_performance
where
    strategy_id = $strategy
    and placement_id = coalesce($placement, 'all')
    and window_days = $days
order by arm
"""
_GROUPS = """
with sums as (
    select
        case $by when 'placement' then placement_id when 'activity' then activity_id else 'all' end
            as group_id,
        arm,
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
        and random.arm = 'random'
        and arms.arm <> 'random'
)
select
    group_id,
    arm,
    displays,
    successes,
    success_rate,
    reward_per_display,
    case when arm = 'random' then 'reference' when is_enough then 'ok' else 'insufficient'
        end as status,
    case when is_enough then ratio - 1 end as lift,
    case when is_enough then ratio * exp(-half_width) - 1 end as lift_low,
    case when is_enough then ratio * exp(half_width) - 1 end as lift_high,
    case when is_enough then z end as z,
    null::varchar as power_sentence,
    null::varchar as status_over_control
from compared
order by group_id, arm
"""
_OVER_TIME = """
with days as (
    select
        arm,
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
        arm,
        display_date,
        sum(displays) over week as displays,
        sum(successes) over week as successes,
        sum(reward) over week / nullif(sum(displays) over week, 0) as reward_per_display,
        sum(squared_reward) over week / nullif(sum(displays) over week, 0) as mean_square
    from days
    window week as (
        partition by arm order by display_date
        range between interval 6 day preceding and current row
    )
)
select
    arm,
    display_date,
    displays,
    successes,
    reward_per_display,
    greatest(
        -- Only a net value can be negative.
        (
            select if(objective = 'net_value', '-inf'::double, 0)
            from dim_ranking_strategies where strategy_id = $strategy
        ),
        reward_per_display - 1.96 * sqrt((mean_square - pow(reward_per_display, 2)) / displays)
    ) as low,
    reward_per_display + 1.96 * sqrt((mean_square - pow(reward_per_display, 2)) / displays) as high
from weekly
where display_date between $start and $end and displays > 0
order by arm, display_date
"""
_ALLOCATION = """
select
    display_date,
    arm,
    sum(displays)::bigint as displays,
    sum(displays) / sum(sum(displays)) over (partition by display_date) as share
from daily_outcomes
where
    strategy_id = $strategy
    and ($placement is null or placement_id = $placement)
    and display_date between $start and $end
group by display_date, arm
order by display_date, arm
"""


# The lift of the last 7 days at each day, and the gain added up; days before are not in the window.
_GAIN = """
with days as (
    select
        display_date,
        sum(incremental_reward) as gained,
        sum(case when arm = 'personalised' then mature_displays else 0 end) as displays,
        sum(case when arm = 'personalised' then reward else 0 end) as reward,
        sum(case when arm = 'personalised' then squared_reward else 0 end) as squares,
        sum(case when arm = 'personalised' then successes else 0 end) as successes,
        sum(case when arm = 'random' then mature_displays else 0 end) as displays0,
        sum(case when arm = 'random' then reward else 0 end) as reward0,
        sum(case when arm = 'random' then squared_reward else 0 end) as squares0,
        sum(case when arm = 'random' then successes else 0 end) as successes0
    from daily_outcomes
    where strategy_id = $strategy and arm in ('random', 'personalised')
        and display_date >= (select as_of::date - 30 from publication)
    group by display_date
),
weeks as (
    select
        display_date,
        sum(gained) over (order by display_date) as gain,
        sum(displays) over week as n,
        sum(reward) over week / nullif(sum(displays) over week, 0) as mean,
        sum(squares) over week / nullif(sum(displays) over week, 0) as square,
        sum(successes) over week as successes,
        sum(displays0) over week as n0,
        sum(reward0) over week / nullif(sum(displays0) over week, 0) as mean0,
        sum(squares0) over week / nullif(sum(displays0) over week, 0) as square0,
        sum(successes0) over week as successes0
    from days
    window week as (order by display_date range between interval 6 day preceding and current row)
),
measured as (
    select
        display_date,
        gain,
        case when successes >= 20 and successes0 >= 20 then mean / nullif(mean0, 0) end as ratio,
        1.96 * sqrt(
            greatest(0, square - mean * mean) / n / nullif(mean * mean, 0)
            + greatest(0, square0 - mean0 * mean0) / n0 / nullif(mean0 * mean0, 0)
        ) as half
    from weeks
)
select
    display_date,
    gain,
    ratio - 1 as lift,
    ratio * exp(-half) - 1 as lift_low,
    ratio * exp(half) - 1 as lift_high
from measured
order by display_date
"""
_LIFE = """
select display_date, arm, displays, share
from traffic_allocation
where strategy_id = $strategy
order by display_date, arm
"""
_TIMELINE = """
select
    events.event_date,
    events.event_type,
    events.subject,
    coalesce(offers.offer_name, events.subject) as name
from strategy_timeline as events
left join dim_offers as offers
    on events.subject = offers.offer_id and events.event_type in ('offer_launched', 'offer_ended')
where events.strategy_id = $strategy
order by events.event_date, events.event_type, events.subject
"""
_BY_FEATURE = """
select
    groups.feature_name,
    groups.feature_value,
    coalesce(features.feature_kind, 'decisioning') as feature_kind,
    groups.displays,
    groups.successes,
    groups.random_displays,
    groups.random_successes,
    groups.reward_per_display,
    groups.random_reward_per_display,
    groups.lift,
    groups.lift_low,
    groups.lift_high,
    groups.adjusted_p_value,
    groups.verdict
from group_performance as groups
left join strategy_features as features
    on groups.strategy_id = features.strategy_id and groups.feature_name = features.feature_name
where groups.strategy_id = $strategy
order by features.feature_order, groups.feature_name, groups.displays desc, groups.feature_value
"""
_GUARDRAILS = """
select
    coalesce(strategies.display_name, compared.guardrail)
    || if(compared.is_less_better, ' (less is better)', '') as guardrail,
    compared.arm,
    compared.baseline,
    compared.displays,
    compared.reward_per_display,
    compared.lift,
    compared.lift_low,
    compared.lift_high,
    compared.verdict,
    strategies.kpi_type
from guardrail_performance as compared
left join dim_ranking_strategies as strategies on compared.guardrail = strategies.strategy_id
where
    compared.strategy_id = $strategy
    and compared.placement_id = coalesce($placement, 'all')
    and compared.window_days = $days
    and compared.verdict <> 'reference'
order by guardrail, compared.arm, compared.baseline desc
"""
_REACH = """
select frequency, people, displays, people_who_clicked, people_with_success
from reach
where strategy_id = $strategy
order by frequency
"""


def guardrails(
    publication: Publication, strategy: str, placement: str | None, days: int
) -> pd.DataFrame:
    """Return one row per guardrail, arm and baseline: its reward, lift and verdict."""
    return publication.frame(_GUARDRAILS, strategy=strategy, placement=placement, days=days)


def gain_over_time(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return one row per day: the gain so far, and the lift of 7 days with its interval."""
    return publication.frame(_GAIN, strategy=strategy)


def life(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return displays and share of each arm by day, over the whole life of a strategy."""
    return publication.frame(_LIFE, strategy=strategy)


def timeline(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the models and offers that came and went, by day."""
    return publication.frame(_TIMELINE, strategy=strategy)


def by_feature(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the lift of each value of each feature, tested together."""
    return publication.frame(_BY_FEATURE, strategy=strategy)


def reach(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return people by the number of displays that they saw in 30 days."""
    return publication.frame(_REACH, strategy=strategy)


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
