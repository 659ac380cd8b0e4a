{%- set references = ["random", "control"] %}

with {{ outcomes_of_kpis() }},

-- Informed exploration shows some offers more often; weights undo that. Without any known propensity, all count alike.
informed as (

    select
        displays.strategy_id,
        displays.display_id,
        {{ weight_as_uniform(
            "displays.propensity", "group_offers.eligible_count", "strategies.exploration_share", "strategies.control_share"
        ) }} as weight
    from judged as displays
    inner join strategies on displays.strategy_id = strategies.strategy_id
    inner join {{ ref("int_display_choice_groups") }} as display_groups
        on displays.strategy_id = display_groups.strategy_id
        and displays.display_id = display_groups.display_id
    inner join {{ ref("int_choice_group_offers") }} as group_offers
        on display_groups.choice_group_id = group_offers.choice_group_id
        and display_groups.offer_id = group_offers.offer_id
    where
        strategies.exploration = 'informed'
        and displays.arm = 'random'
        and displays.propensity is not null

),

weighted as (

    select
        outcomes.*,
        case
            when outcomes.arm <> 'random' or known.strategy_id is null then 1.0
            else coalesce(informed.weight, 0.0)
        end as weight
    from outcomes
    left join (select distinct strategy_id from informed) as known on outcomes.strategy_id = known.strategy_id
    left join informed
        on outcomes.strategy_id = informed.strategy_id
        and outcomes.display_id = informed.display_id

),

windows as (

    select unnest([7, 30]) as window_days

),

profiles as (

    select
        weighted.strategy_id,
        weighted.guardrail,
        weighted.kpi_type,
        -- 'all' names the rows of all placements, so a placement of that name is renamed.
        coalesce(case when weighted.placement_id = 'all' then 'all (placement)' else weighted.placement_id end, 'all')
            as placement_id,
        windows.window_days,
        weighted.arm,
        any_value(weighted.traffic_type) as traffic_type,
        weighted.profile_id,
        min(weighted.event_ts) as first_display_ts,
        count(*) as displays,
        count(*) filter (where weighted.is_success) as successes,
        {{ exact_sum("weighted.weight") }} as weight,
        {{ exact_sum("pow(weighted.weight, 2)") }} as squared_weight,
        {{ exact_sum("weighted.weight * weighted.is_success::int") }} as weighted_successes,
        {{ exact_sum("weighted.weight * weighted.reward") }} as reward,
        {{ exact_sum("weighted.weight * pow(weighted.reward, 2)", 18) }} as squared_reward
    from weighted
    inner join windows on weighted.event_ts > {{ add_days(as_of(), "-windows.window_days") }}
    group by grouping sets (
        (
            weighted.strategy_id,
            weighted.guardrail,
            weighted.kpi_type,
            weighted.placement_id,
            windows.window_days,
            weighted.arm,
            weighted.profile_id
        ),
        (
            weighted.strategy_id,
            weighted.guardrail,
            weighted.kpi_type,
            windows.window_days,
            weighted.arm,
            weighted.profile_id
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
        weight * weight / nullif(squared_weight, 0) as effective_displays,
        greatest(0, (squared_reward - reward * reward / nullif(weight, 0)) / nullif(weight - squared_weight / nullif(weight, 0), 0))
            as reward_variance
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
