with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

chosen as (

    select * from {{ ref("stg_strategy_offers") }}

),

offers as (

    select * from {{ ref("int_offers") }}

),

-- A strategy that names no offers has all of them.
final as (

    select
        strategies.strategy_id,
        offers.offer_id,
        offers.is_fallback
    from strategies
    cross join offers
    left join chosen
        on strategies.strategy_id = chosen.strategy_id and offers.offer_id = chosen.offer_id
    where
        chosen.offer_id is not null
        or strategies.strategy_id not in (select strategy_id from chosen)

)

select * from final
