with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

),

offers as (

    select
        offer_id,
        characteristics
    from {{ ref("int_offers") }}

),

counts as (

    select
        strategy_id,
        offer_id,
        count(*) as displays,
        count(*) filter (where is_success) as successes
    from {{ ref("int_display_outcomes") }}
    where is_in_lookback
    group by 1, 2

),

counted as (

    select
        strategy_offers.strategy_id,
        strategy_offers.offer_id,
        coalesce(counts.displays, 0) as displays,
        coalesce(counts.successes, 0) as successes,
        strategies.min_displays,
        strategies.min_successes,
        case
            when strategies.pool_readiness_by is not null
                then {{ member_text("offers.characteristics", "strategies.pool_readiness_by") }}
        end as pool
    from strategy_offers
    inner join strategies on strategy_offers.strategy_id = strategies.strategy_id
    left join offers on strategy_offers.offer_id = offers.offer_id
    left join counts
        on strategy_offers.strategy_id = counts.strategy_id
        and strategy_offers.offer_id = counts.offer_id

),

pooled as (

    select
        *,
        (sum(displays) over pools)::bigint as pooled_displays,
        (sum(successes) over pools)::bigint as pooled_successes
    from counted
    window pools as (partition by strategy_id, pool, case when pool is null then offer_id end)

),

-- A pool cannot replace all displays of an offer: a tenth must be its own.
final as (

    select
        strategy_id,
        offer_id,
        displays,
        successes,
        pool,
        pooled_displays,
        pooled_successes,
        min_displays,
        min_successes,
        pooled_displays >= min_displays
        and pooled_successes >= min_successes
        and displays >= min_displays / 10 as is_ready
    from pooled

)

select * from final
