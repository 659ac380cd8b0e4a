with source as (

    {{ configuration("strategy_offers", ["strategy_id", "offer_id"], required=["strategy_id", "offer_id"]) }}

),

final as (

    select distinct
        strategy_id,
        offer_id
    from source

)

select * from final
