with outcomes as (

    select
        outcomes.*,
        strategies.kpi_type
    from {{ ref("int_display_outcomes") }} as outcomes
    inner join {{ ref("stg_ranking_strategies") }} as strategies on outcomes.strategy_id = strategies.strategy_id
    where
        outcomes.is_mature
        and outcomes.reward is not null
        and outcomes.traffic_type is not null

),

windows as (

    select unnest([7, 30]) as window_days

),

arms as (

    select
        outcomes.strategy_id,
        outcomes.kpi_type,
        coalesce(outcomes.placement_id, 'all') as placement_id,
        windows.window_days,
        outcomes.traffic_type,
        count(*) as displays,
        count(*) filter (where outcomes.is_success) as successes,
        {{ exact_mean("outcomes.reward") }} as reward_per_display,
        {{ exact_variance("outcomes.reward") }} as reward_variance
    from outcomes
    inner join windows on outcomes.event_ts > {{ add_days(as_of(), "-windows.window_days") }}
    group by grouping sets (
        (outcomes.strategy_id, outcomes.kpi_type, outcomes.placement_id, windows.window_days, outcomes.traffic_type),
        (outcomes.strategy_id, outcomes.kpi_type, windows.window_days, outcomes.traffic_type)
    )

),

compared as (

    select
        arms.*,
        random.displays as random_displays,
        random.reward_per_display as random_reward,
        -- Binary: the pooled two-proportion test, the same as chi-squared; continuous: Welch's.
        case arms.kpi_type
            when 'binary' then
                (arms.successes + random.successes) / (arms.displays + random.displays)
                * (1 - (arms.successes + random.successes) / (arms.displays + random.displays))
                * (1 / arms.displays + 1 / random.displays)
            else arms.reward_variance / arms.displays + random.reward_variance / random.displays
        end as difference_variance,
        arms.reward_variance / nullif(arms.displays * pow(arms.reward_per_display, 2), 0)
        + random.reward_variance / nullif(random.displays * pow(random.reward_per_display, 2), 0) as log_ratio_variance
    from arms
    left join arms as random
        on arms.strategy_id = random.strategy_id
        and arms.placement_id = random.placement_id
        and arms.window_days = random.window_days
        and random.traffic_type = 'random'
        and arms.traffic_type <> 'random'

),

tested as (

    select
        *,
        case when random_reward > 0 and reward_per_display >= 0 then reward_per_display / random_reward end as ratio,
        case
            when difference_variance > 0 then (reward_per_display - random_reward) / sqrt(difference_variance)
        end as z
    from compared

),

final as (

    select
        strategy_id,
        placement_id,
        window_days,
        traffic_type,
        displays,
        successes,
        successes / displays as success_rate,
        reward_per_display,
        ratio - 1 as lift,
        case when ratio > 0 then exp(ln(ratio) - 1.96 * sqrt(log_ratio_variance)) - 1 end as lift_low,
        case when ratio > 0 then exp(ln(ratio) + 1.96 * sqrt(log_ratio_variance)) - 1 end as lift_high,
        case when z is not null then {{ two_sided_p("z") }} end as p_value
    from tested

)

select * from final
