-- One row per strategy and offer: how much is missing until it is ready, and after how many days it will be at the
-- present pace.
with strategies as (

    select
        strategy_id,
        lookback_days
    from {{ ref("stg_ranking_strategies") }}

),

offers as (

    select
        offer_id,
        is_listed,
        status
    from {{ ref("int_offers") }}

),

days as (

    select
        strategy_id,
        greatest(1, {{ days_between("min(event_ts)", as_of()) }}) as days
    from {{ ref("int_display_outcomes") }}
    where is_in_lookback
    group by 1

),

paces as (

    select
        readiness.*,
        strategies.lookback_days,
        readiness.displays / days.days as displays_per_day,
        readiness.successes / days.days as successes_per_day
    from {{ ref("offer_readiness") }} as readiness
    inner join strategies on readiness.strategy_id = strategies.strategy_id
    inner join offers on readiness.offer_id = offers.offer_id
    left join days on readiness.strategy_id = days.strategy_id
    where offers.status = 'approved' or readiness.displays > 0

)

select
    strategy_id,
    offer_id,
    displays,
    min_displays,
    successes,
    min_successes,
    is_ready,
    case
        when is_ready then 0
        when
            displays_per_day * lookback_days >= min_displays
            and successes_per_day * lookback_days >= min_successes
            then ceil(greatest(
                (min_displays - displays) / displays_per_day,
                (min_successes - successes) / nullif(successes_per_day, 0),
                1
            ))::bigint
    end as days_to_ready
from paces
order by strategy_id, is_ready, displays desc, offer_id
