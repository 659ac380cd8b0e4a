with outcomes as (

    select *
    from {{ ref("int_display_outcomes") }}
    where
        is_mature
        and is_in_lookback
        and reward is not null

),

displays as (

    select
        display_id,
        context
    from {{ ref("int_displays") }}

),

segments as (

    select * from {{ ref("int_display_segments") }}

),

final as (

    select
        outcomes.strategy_id,
        outcomes.display_id,
        outcomes.event_ts,
        outcomes.profile_id,
        outcomes.offer_id,
        outcomes.placement_id,
        outcomes.activity_id,
        outcomes.scope_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        displays.context,
        outcomes.traffic_type,
        outcomes.propensity,
        outcomes.is_success,
        outcomes.reward
    from outcomes
    inner join displays on outcomes.display_id = displays.display_id
    left join segments
        on outcomes.strategy_id = segments.strategy_id
        and outcomes.display_id = segments.display_id

)

select * from final
