with source as (

    {{ read_input(
        "capping_rules",
        [
            "offer_id", "capping_event", "capping_type", "capping_limit", "period", "period_count", "placement_id",
        ],
        required=["offer_id", "capping_event", "capping_type", "capping_limit"],
    ) }}

),

final as (

    select
        offer_id,
        capping_event,
        lower(capping_type) as capping_type,
        try_cast(capping_limit as bigint) as capping_limit,
        coalesce(lower(period), 'lifetime') as period,
        coalesce(try_cast(period_count as int), 1) as period_count,
        placement_id
    from source

)

select * from final
