with displays as (

    select * from {{ ref("int_displays") }} where event_ts <= {{ as_of() }}

),

latest as (

    select
        profile_id,
        placement_id,
        max(event_ts) as event_ts
    from displays
    group by 1, 2

),

last_displays as (

    select
        displays.profile_id,
        displays.placement_id,
        displays.activity_id,
        displays.scope_id,
        displays.context,
        displays.event_ts,
        row_number() over (
            partition by displays.profile_id, displays.placement_id
            order by displays.position, displays.display_id
        ) as place
    from displays
    inner join latest
        on displays.profile_id = latest.profile_id
        and displays.placement_id = latest.placement_id
        and displays.event_ts = latest.event_ts

),

final as (

    select
        profile_id,
        placement_id,
        activity_id,
        scope_id,
        context,
        event_ts,
        row_number() over (partition by profile_id order by event_ts desc, placement_id) as recency
    from last_displays
    where place = 1

)

select * from final
