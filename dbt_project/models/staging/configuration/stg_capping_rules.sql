with source as (

    {{ read_input(
        "capping_rules",
        [
            "offer_id", "capping_event", "capping_type", "capping_limit", "period", "period_count", "placement_id",
        ],
        required=["offer_id", "capping_event", "capping_type", "capping_limit"],
    ) }}

),

event_types as (

    select * from {{ ref("xdm_event_types") }}

),

-- The event types of displays, clicks and decisions mean the kind of event.
final as (

    select
        source.offer_id,
        case event_types.event_kind
            when 'display' then 'impression'
            when 'interact' then 'click'
            when 'decision' then 'decision'
            else source.capping_event
        end as capping_event,
        lower(source.capping_type) as capping_type,
        try_cast(source.capping_limit as bigint) as capping_limit,
        coalesce(lower(source.period), 'lifetime') as period,
        coalesce(try_cast(source.period_count as int), 1) as period_count,
        source.placement_id
    from source
    left join event_types on source.capping_event = event_types.event_type

)

select * from final
