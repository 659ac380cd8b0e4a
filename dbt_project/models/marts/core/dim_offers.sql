with final as (

    select
        offer_id,
        offer_name,
        status,
        priority,
        start_date,
        end_date,
        is_fallback,
        placement_ids,
        characteristics,
        cost_per_display,
        cost_per_success,
        value_per_success,
        is_listed
    from {{ ref("int_offers") }}

)

select * from final
