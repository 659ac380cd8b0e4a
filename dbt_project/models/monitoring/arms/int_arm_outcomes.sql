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

profiles as (

    select
        outcomes.strategy_id,
        outcomes.kpi_type,
        -- 'all' names the rows of all placements, so a placement of that name is renamed.
        coalesce(case when outcomes.placement_id = 'all' then 'all (placement)' else outcomes.placement_id end, 'all')
            as placement_id,
        windows.window_days,
        outcomes.traffic_type,
        outcomes.profile_id,
        min(outcomes.event_ts) as first_display_ts,
        count(*)::double as displays,
        count(*) filter (where outcomes.is_success) as successes,
        {{ exact_sum("outcomes.reward") }} as reward,
        {{ exact_sum("pow(outcomes.reward, 2)", 18) }} as squared_reward
    from outcomes
    inner join windows on outcomes.event_ts > {{ add_days(as_of(), "-windows.window_days") }}
    group by grouping sets (
        (
            outcomes.strategy_id,
            outcomes.kpi_type,
            outcomes.placement_id,
            windows.window_days,
            outcomes.traffic_type,
            outcomes.profile_id
        ),
        (outcomes.strategy_id, outcomes.kpi_type, windows.window_days, outcomes.traffic_type, outcomes.profile_id)
    )

),

-- A person who explores in one cycle and not in the next is in both arms.
paired as (

    select
        profiles.*,
        coalesce(random.displays, 0) as random_displays,
        coalesce(random.reward, 0) as random_reward
    from profiles
    left join profiles as random
        on profiles.traffic_type <> 'random'
        and random.traffic_type = 'random'
        and profiles.strategy_id = random.strategy_id
        and profiles.placement_id = random.placement_id
        and profiles.window_days = random.window_days
        and profiles.profile_id = random.profile_id

),

-- Sums over people of products of their displays and rewards, from which all variances follow.
sums as (

    select
        strategy_id,
        kpi_type,
        placement_id,
        window_days,
        traffic_type,
        min(first_display_ts) as first_display_ts,
        count(*) as profiles,
        sum(displays)::bigint as displays,
        sum(successes)::bigint as successes,
        {{ exact_sum("reward") }} as reward,
        {{ exact_sum("squared_reward", 18) }} as squared_reward,
        {{ exact_sum("displays * displays") }} as displays_displays,
        {{ exact_sum("displays * reward") }} as displays_reward,
        {{ exact_sum("reward * reward", 18) }} as reward_reward,
        {{ exact_sum("displays * random_displays") }} as displays_random_displays,
        {{ exact_sum("displays * random_reward") }} as displays_random_reward,
        {{ exact_sum("reward * random_displays") }} as reward_random_displays,
        {{ exact_sum("reward * random_reward", 18) }} as reward_random_reward
    from paired
    group by 1, 2, 3, 4, 5

),

measured as (

    select
        *,
        reward / displays as reward_per_display,
        greatest(0, (squared_reward - reward * reward / displays) / nullif(displays - 1, 0)) as reward_variance
    from sums

),

-- Clustered variance of the mean: deviations from the mean are summed by profile before they are squared.
final as (

    select
        *,
        greatest(
            0,
            reward_reward
            - 2 * reward_per_display * displays_reward
            + reward_per_display * reward_per_display * displays_displays
        ) / (displays * displays) * profiles / nullif(profiles - 1, 0) as clustered_variance
    from measured

)

select * from final
