{%- set enough = enough_successes() %}

with arms as (

    select
        *,
        greatest(
            1,
            {{ days_between("min(first_display_ts) over (partition by strategy_id, placement_id, window_days)", as_of()) }}
        ) as days
    from {{ ref("int_arm_outcomes") }}

),

compared as (

    select
        arms.*,
        random.displays as random_displays,
        random.successes as random_successes,
        random.reward_per_display as random_reward,
        random.reward_variance as random_variance,
        random.clustered_variance as random_clustered_variance,
        arms.successes >= {{ enough }} and random.successes >= {{ enough }} as is_enough,
        (arms.successes + random.successes) / (arms.displays + random.displays) as pooled_rate,
        {{ welch_degrees(
            "arms.reward_variance / arms.displays", "arms.displays",
            "random.reward_variance / random.displays", "random.displays",
        ) }} as degrees,
        case
            when arms.profiles >= {{ enough }} and random.profiles >= {{ enough }}
                then least(arms.profiles, random.profiles) - 1
        end as clustered_degrees,
        (
            arms.reward_random_reward
            - random.reward_per_display * arms.reward_random_displays
            - arms.reward_per_display * arms.displays_random_reward
            + arms.reward_per_display * random.reward_per_display * arms.displays_random_displays
        ) / (arms.displays * random.displays) as clustered_covariance
    from arms
    left join arms as random
        on arms.strategy_id = random.strategy_id
        and arms.placement_id = random.placement_id
        and arms.window_days = random.window_days
        and random.traffic_type = 'random'
        and arms.traffic_type <> 'random'

),

-- Binary: the pooled two-proportion test, the same as chi-squared; continuous: Welch's.
errors as (

    select
        *,
        case when is_enough and random_reward > 0 and reward_per_display > 0 then reward_per_display / random_reward end
            as ratio,
        case when is_enough then reward_per_display - random_reward end as difference,
        case
            when kpi_type = 'binary' then pooled_rate * (1 - pooled_rate) * (1 / displays + 1 / random_displays)
            else reward_variance / displays + random_variance / random_displays
        end as variance,
        greatest(0, clustered_variance + random_clustered_variance - 2 * clustered_covariance) as variance_clustered,
        case when kpi_type = 'binary' then 1.96 else {{ t_quantile_975("degrees") }} end
        * sqrt(
            reward_variance / displays / nullif(pow(reward_per_display, 2), 0)
            + random_variance / random_displays / nullif(pow(random_reward, 2), 0)
        ) as half_width,
        {{ t_quantile_975("clustered_degrees") }}
        * sqrt(greatest(
            0,
            clustered_variance / nullif(pow(reward_per_display, 2), 0)
            + random_clustered_variance / nullif(pow(random_reward, 2), 0)
            - 2 * clustered_covariance / nullif(reward_per_display * random_reward, 0)
        )) as half_width_clustered,
        case
            when random_successes >= {{ enough }} and random_reward > 0
                then {{ displays_for_lift("kpi_type", "random_reward", "random_variance", "reward_variance", "displays / random_displays") }}
        end as random_displays_needed
    from compared

),

tested as (

    select
        *,
        case
            when kpi_type = 'binary' then difference / nullif(sqrt(variance), 0)
            else {{ normal_of_t("(difference / nullif(sqrt(variance), 0))", "degrees") }}
        end as z,
        {{ normal_of_t("(difference / nullif(sqrt(variance_clustered), 0))", "clustered_degrees") }} as z_clustered,
        coalesce(
            {{ t_quantile_975("clustered_degrees") }} * sqrt(variance_clustered),
            {{ t_quantile_975("degrees") }} * sqrt(reward_variance / displays + random_variance / random_displays)
        ) as half_difference,
        case when random_displays_needed < random_displays then 0 else random_displays_needed - random_displays end
        / (7 * random_displays / days) as weeks_needed
    from errors

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
        case when traffic_type = 'random' then 'reference' when is_enough then 'ok' else 'insufficient' end as status,
        ratio - 1 as lift,
        ratio * exp(-half_width) - 1 as lift_low,
        ratio * exp(half_width) - 1 as lift_high,
        case when z is not null then {{ two_sided_p("z") }} end as p_value,
        profiles,
        ratio * exp(-half_width_clustered) - 1 as lift_low_clustered,
        ratio * exp(half_width_clustered) - 1 as lift_high_clustered,
        case when z_clustered is not null then {{ two_sided_p("z_clustered") }} end as p_value_clustered,
        displays * difference as incremental_reward,
        displays * (difference - half_difference) as incremental_reward_low,
        displays * (difference + half_difference) as incremental_reward_high,
        case when random_displays_needed < 1e15 then ceil(random_displays_needed)::bigint end as random_displays_needed,
        case
            when random_displays_needed * (1 + displays / random_displays) < 1e15
                then ceil(random_displays_needed * (1 + displays / random_displays))::bigint
        end as displays_needed,
        weeks_needed,
        case
            when traffic_type = 'random' then null
            when random_displays is null then 'There is no random traffic to compare with.'
            when random_successes < {{ enough }}
                then 'Random traffic has too few successes to say when a {{ lift_to_show() }} lift would show.'
            when random_displays_needed is null
                then 'A {{ lift_to_show() }} lift of random traffic is not possible.'
            when abs(coalesce(z_clustered, z)) > 1.96 and weeks_needed > 0 and weeks_needed <= 520
                then 'The difference is proven. At this traffic a lift of only {{ lift_to_show() }} needs ' || ceil(weeks_needed)::int
                    || ' more ' || case when weeks_needed <= 1 then 'week' else 'weeks' end || ' to show.'
            when weeks_needed = 0 then 'At this traffic a {{ lift_to_show() }} lift shows within ' || window_days || ' days.'
            when weeks_needed > 520 then 'At this traffic a {{ lift_to_show() }} lift needs more than 10 years to show.'
            else 'At this traffic a {{ lift_to_show() }} lift needs ' || ceil(weeks_needed)::int || ' more '
                || case when weeks_needed <= 1 then 'week' else 'weeks' end || ' to show.'
        end as power_sentence
    from tested

)

select * from final
