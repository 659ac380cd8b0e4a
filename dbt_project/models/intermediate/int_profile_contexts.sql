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

recent as (

    select
        displays.*,
        displays.event_ts = latest.event_ts as is_latest
    from displays
    inner join latest
        on displays.profile_id = latest.profile_id
        and displays.placement_id = latest.placement_id
        and displays.event_ts > {{ add_days("latest.event_ts", "-" ~ performance_days()) }}

),

last_displays as (

    select
        *,
        row_number() over (partition by profile_id, placement_id order by position, display_id) as place
    from recent
    where is_latest

),

context_values as (

    select
        profile_id,
        placement_id,
        event_ts,
        {{ unnest_entries("context") }} as entry
    from recent

),

counted as (

    select
        profile_id,
        placement_id,
        entry.key as context_key,
        entry.value as context_value,
        count(*) as displays,
        max(event_ts) as event_ts
    from context_values
    where entry.value is not null
    group by 1, 2, 3, 4

),

-- What a person usually comes with says more about the next visit than what the last one had.
usual as (

    select
        profile_id,
        placement_id,
        context_key,
        {{ value_at_greatest("context_value", ["displays", "event_ts", "context_value"]) }} as context_value
    from counted
    group by 1, 2, 3

),

habits as (

    select
        profile_id,
        placement_id,
        {{ map_of("list(context_key order by context_key)", "list(context_value order by context_key)") }} as context
    from usual
    group by 1, 2

),

final as (

    select
        last_displays.profile_id,
        last_displays.placement_id,
        last_displays.activity_id,
        last_displays.scope_id,
        coalesce(habits.context, {{ empty_map() }}) as context,
        last_displays.event_ts,
        row_number() over (
            partition by last_displays.profile_id order by last_displays.event_ts desc, last_displays.placement_id
        ) as recency
    from last_displays
    left join habits
        on last_displays.profile_id = habits.profile_id
        and last_displays.placement_id = habits.placement_id
    where last_displays.place = 1

)

select * from final
