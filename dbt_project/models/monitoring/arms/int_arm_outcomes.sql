{%- set references = ["random", "control"] %}

with {{ outcomes_of_kpis() }},

windows as (

    select unnest([7, 30]) as window_days

),

profiles as (

    select
        outcomes.strategy_id,
        outcomes.guardrail,
        outcomes.kpi_type,
        -- 'all' names the rows of all placements, so a placement of that name is renamed.
        coalesce(case when outcomes.placement_id = 'all' then 'all (placement)' else outcomes.placement_id end, 'all')
            as placement_id,
        windows.window_days,
        outcomes.arm,
        any_value(outcomes.traffic_type) as traffic_type,
        outcomes.profile_id,
        min(outcomes.event_ts) as first_display_ts,
        count(*) as displays,
        count(*) filter (where outcomes.is_success) as successes,
        {{ exact_sum("outcomes.weight") }} as weight,
        {{ exact_sum("pow(outcomes.weight, 2)") }} as squared_weight,
        {{ exact_sum("outcomes.weight * outcomes.is_success::int") }} as weighted_successes,
        {{ exact_sum("outcomes.weight * outcomes.reward") }} as reward,
        {{ exact_sum("outcomes.weight * pow(outcomes.reward, 2)", 18) }} as squared_reward
    from outcomes
    inner join windows on outcomes.event_ts > {{ add_days(as_of(), "-windows.window_days") }}
    group by grouping sets (
        (
            outcomes.strategy_id,
            outcomes.guardrail,
            outcomes.kpi_type,
            outcomes.placement_id,
            windows.window_days,
            outcomes.arm,
            outcomes.profile_id
        ),
        (
            outcomes.strategy_id,
            outcomes.guardrail,
            outcomes.kpi_type,
            windows.window_days,
            outcomes.arm,
            outcomes.profile_id
        )
    )

),

-- A person who explores in one cycle and not in the next is in several arms.
paired as (

    select
        profiles.*,
        {%- for arm in references %}
        coalesce({{ arm }}.weight, 0) as {{ arm }}_displays,
        coalesce({{ arm }}.reward, 0) as {{ arm }}_reward{{ "," if not loop.last }}
        {%- endfor %}
    from profiles
    {%- for arm in references %}
    left join profiles as {{ arm }}
        on profiles.arm <> '{{ arm }}'
        and {{ arm }}.arm = '{{ arm }}'
        and profiles.strategy_id = {{ arm }}.strategy_id
        and profiles.guardrail is not distinct from {{ arm }}.guardrail
        and profiles.placement_id = {{ arm }}.placement_id
        and profiles.window_days = {{ arm }}.window_days
        and profiles.profile_id = {{ arm }}.profile_id
    {%- endfor %}

),

-- Sums over people of products of their displays and rewards, from which all variances follow.
sums as (

    select
        strategy_id,
        guardrail,
        kpi_type,
        placement_id,
        window_days,
        arm,
        any_value(traffic_type) as traffic_type,
        min(first_display_ts) as first_display_ts,
        count(*) as profiles,
        sum(displays)::bigint as displays,
        sum(successes)::bigint as successes,
        {{ exact_sum("weight") }} as weight,
        {{ exact_sum("squared_weight") }} as squared_weight,
        {{ exact_sum("weighted_successes") }} as weighted_successes,
        {{ exact_sum("reward") }} as reward,
        {{ exact_sum("squared_reward", 18) }} as squared_reward,
        {{ exact_sum("weight * weight") }} as displays_displays,
        {{ exact_sum("weight * reward") }} as displays_reward,
        {{ exact_sum("reward * reward", 18) }} as reward_reward,
        {%- for arm in references %}
        {{ exact_sum("weight * " ~ arm ~ "_displays") }} as displays_{{ arm }}_displays,
        {{ exact_sum("weight * " ~ arm ~ "_reward") }} as displays_{{ arm }}_reward,
        {{ exact_sum("reward * " ~ arm ~ "_displays") }} as reward_{{ arm }}_displays,
        {{ exact_sum("reward * " ~ arm ~ "_reward", 18) }} as reward_{{ arm }}_reward{{ "," if not loop.last }}
        {%- endfor %}
    from paired
    group by 1, 2, 3, 4, 5, 6

),

measured as (

    select
        *,
        weighted_successes / nullif(weight, 0) as success_rate,
        reward / nullif(weight, 0) as reward_per_display,
        {{ effective_displays("weight", "squared_weight") }} as effective_displays,
        {{ weighted_variance("weight", "squared_weight", "reward", "squared_reward") }} as reward_variance
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
        ) / (weight * weight) * profiles / nullif(profiles - 1, 0) as clustered_variance
    from measured

)

select * from final
