with source as (

    {{ read_input("eligibility_rules", ["offer_id", "segment_id", "rule"], required=["offer_id", "segment_id", "rule"]) }}

),

final as (

    select distinct
        offer_id,
        segment_id,
        lower(rule) as rule
    from source

)

select * from final
