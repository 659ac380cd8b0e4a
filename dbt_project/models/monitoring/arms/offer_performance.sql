with outcomes as (

    select * from {{ ref("int_display_outcomes") }} where reward is not null

),

windows as (

    select unnest([7, 30]) as window_days

),

final as (

    select
        outcomes.strategy_id,
        outcomes.offer_id,
        windows.window_days,
        coalesce(outcomes.traffic_type, 'unknown') as traffic_type,
        outcomes.arm,
        count(*) as displays,
        count(*) filter (where outcomes.is_mature) as mature_displays,
        count(*) filter (where outcomes.is_mature and outcomes.is_success) as successes,
        count(*) filter (where outcomes.is_mature and outcomes.is_success)
        / nullif(count(*) filter (where outcomes.is_mature), 0) as success_rate,
        {{ exact_mean("case when outcomes.is_mature then outcomes.reward end") }} as reward_per_display
    from outcomes
    inner join windows on outcomes.event_ts > {{ add_days(as_of(), "-windows.window_days") }}
    group by 1, 2, 3, 4, 5

)

select * from final
