with source as (

    {{ configuration("strategy_segments", ["strategy_id", "segment_id"], required=["strategy_id", "segment_id"]) }}

),

final as (

    select distinct
        strategy_id,
        segment_id
    from source

)

select * from final
