with displays as (

    select
        *,
        event_ts > {{ add_days(as_of(), "-7") }} as is_latest_week
    from {{ ref("int_strategy_displays") }}
    where is_in_lookback

),

sizes as (

    select
        strategy_id,
        is_latest_week,
        count(*) as displays
    from displays
    group by 1, 2

),

-- A sample of large traffic is enough; it keeps or drops all displays of a profile.
final as (

    select
        displays.strategy_id,
        displays.display_id,
        displays.source,
        displays.event_ts,
        displays.profile_id,
        displays.activity_id,
        displays.scope_id,
        displays.placement_id,
        displays.is_latest_week
    from displays
    inner join sizes
        on displays.strategy_id = sizes.strategy_id
        and displays.is_latest_week = sizes.is_latest_week
    where
        sizes.displays <= {{ var("compared_displays") }}
        or {{ hash_share("displays.profile_id") }} < {{ var("compared_displays") }} / sizes.displays

)

select * from final
