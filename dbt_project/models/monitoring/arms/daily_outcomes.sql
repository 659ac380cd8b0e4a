with outcomes as (

    select * from {{ ref("int_display_outcomes") }}

),

final as (

    select
        strategy_id,
        event_ts::date as display_date,
        placement_id,
        activity_id,
        offer_id,
        coalesce(traffic_type, 'unknown') as traffic_type,
        count(*) as displays,
        count(*) filter (where is_mature and reward is not null) as mature_displays,
        count(*) filter (where is_mature and reward is not null and is_success) as successes,
        coalesce({{ exact_sum("case when is_mature then reward end") }}, 0) as reward,
        coalesce({{ exact_sum("case when is_mature then pow(reward, 2) end", 18) }}, 0) as squared_reward
    from outcomes
    group by 1, 2, 3, 4, 5, 6

)

select * from final
