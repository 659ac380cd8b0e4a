with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

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

final as (

    select
        strategy_offers.strategy_id,
        strategy_offers.offer_id,
        coalesce(counts.displays, 0) as displays,
        coalesce(counts.successes, 0) as successes,
        strategies.min_displays,
        strategies.min_successes,
        coalesce(
            counts.displays >= strategies.min_displays and counts.successes >= strategies.min_successes, false
        ) as is_ready
    from strategy_offers
    inner join strategies on strategy_offers.strategy_id = strategies.strategy_id
    left join counts
        on strategy_offers.strategy_id = counts.strategy_id
        and strategy_offers.offer_id = counts.offer_id

)

select * from final
