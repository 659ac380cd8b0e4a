"""Queries of the page What if: what other exploration shares would cost and show."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

# Per week: N displays of random and personalised traffic. 784.888 is ((1.95996 + 0.84162) / 0.1)^2,
# for a lift of 10 % at 5 %, two-sided, with a power of 80 %, as in `arm_performance`.
_EXPLORATION = """
with pace as (
    select sum(displays) as displays
    from traffic_allocation
    where
        strategy_id = $strategy
        and arm in ('random', 'personalised')
        and display_date >= (select as_of::date - 7 from publication)
),
spreads as (
    select
        arm,
        sum(squared_reward) / nullif(sum(mature_displays), 0)
            - pow(sum(reward) / nullif(sum(mature_displays), 0), 2) as variance
    from daily_outcomes
    where
        strategy_id = $strategy
        and display_date >= (select as_of::date - 30 from publication)
    group by arm
),
arms as (
    select
        arms.*,
        spreads.variance,
        arms.incremental_reward / arms.displays as gain,
        arms.incremental_reward_low / arms.displays as gain_low,
        arms.incremental_reward_high / arms.displays as gain_high
    from arm_performance as arms
    left join spreads on arms.arm = spreads.arm
    where arms.strategy_id = $strategy and arms.placement_id = 'all' and arms.window_days = 30
),
offers as (
    select count(distinct offer_id) as offers
    from offer_performance
    where strategy_id = $strategy and window_days = 7 and arm = 'random' and displays > 0
),
measured as (
    select
        unnest($shares::double[]) as share,
        strategies.kpi_type,
        strategies.min_displays,
        strategies.min_successes,
        strategies.lookback_days,
        pace.displays as pace,
        offers.offers,
        random.reward_per_display as mean,
        random.success_rate,
        random.successes >= 20 as is_enough,
        random.variance,
        coalesce(model.variance, random.variance) as other_variance,
        model.gain,
        model.gain_low,
        model.gain_high
    from dim_ranking_strategies as strategies
    cross join pace
    cross join offers
    left join arms as random on random.arm = 'random'
    left join arms as model on model.arm = 'personalised'
    where strategies.strategy_id = $strategy
),
needed as (
    select
        *,
        pace * share as random_displays,
        nullif(1 - share, 0) / share as ratio,
        pace * share / (offers + 1) as offer_displays
    from measured
),
estimated as (
    select
        *,
        case
            when not is_enough or mean <= 0 or (kpi_type = 'binary' and 1.1 * mean >= 1) then null
            when kpi_type = 'binary'
                then 784.888 * ((1 - mean) + 1.1 * (1 - 1.1 * mean) / ratio) / mean
            else 784.888 * (variance + other_variance / ratio) / pow(mean, 2)
        end / random_displays as lift_weeks,
        case when is_enough then greatest(
            min_displays / offer_displays,
            min_successes / nullif(offer_displays * success_rate, 0)
        ) end as ready_weeks
    from needed
)
select
    share,
    min_displays,
    min_successes,
    lookback_days,
    random_displays * gain as cost,
    random_displays * gain_low as cost_low,
    random_displays * gain_high as cost_high,
    lift_weeks,
    ready_weeks,
    7 * ready_weeks <= lookback_days as is_reachable
from estimated
where pace > 0
order by share
"""


def exploration(publication: Publication, strategy: str, shares: list[float]) -> pd.DataFrame:
    """Return one row per exploration share: its cost in a week, and weeks until something shows.

    `cost` is in the unit of the reward, with its 95 % interval; `lift_weeks` until a lift of 10 %
    shows; `ready_weeks` until a new offer is ready, which it never is unless `is_reachable`. NULL
    where an arm has fewer than 20 successes. No rows without traffic in the last 7 days.
    """
    return publication.frame(_EXPLORATION, strategy=strategy, shares=shares)
