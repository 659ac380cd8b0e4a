with outcomes as (

    select * from {{ ref("int_display_outcomes") }}

),

random as (

    select
        strategy_id,
        reward_per_display
    from {{ ref("int_arm_outcomes") }}
    where
        guardrail is null
        and placement_id = 'all'
        and window_days = {{ performance_days() }}
        and arm = 'random'
        and successes >= {{ enough_successes() }}

),

summed as (

    select
        strategy_id,
        event_ts::date as display_date,
        placement_id,
        activity_id,
        offer_id,
        coalesce(traffic_type, 'unknown') as traffic_type,
        arm,
        count(*) as displays,
        count(*) filter (where is_mature and reward is not null) as mature_displays,
        count(*) filter (where is_mature and reward is not null and is_success) as successes,
        coalesce({{ exact_sum("case when is_mature then reward end") }}, 0) as reward,
        coalesce({{ exact_sum("case when is_mature then pow(reward, 2) end", 18) }}, 0) as squared_reward
    from outcomes
    group by 1, 2, 3, 4, 5, 6, 7

),

final as (

    select
        summed.*,
        case
            when summed.arm <> 'random' then summed.reward - summed.mature_displays * random.reward_per_display
        end as incremental_reward
    from summed
    left join random on summed.strategy_id = random.strategy_id

)

select * from final
