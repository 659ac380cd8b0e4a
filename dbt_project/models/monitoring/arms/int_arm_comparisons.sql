{%- set enough = enough_successes() %}
{%- set references = ["random", "control"] %}

with arms as (

    select
        *,
        greatest(
            1,
            {{ days_between("min(first_display_ts) over (partition by strategy_id, guardrail, placement_id, window_days)", as_of()) }}
        ) as days
    from {{ ref("int_arm_outcomes") }}

),

-- Each arm beside random and beside control; without control there is nothing to compare with it.
compared as (

    select
        arms.*,
        baselines.baseline,
        other.displays as other_displays,
        other.effective_displays as other_effective_displays,
        other.successes as other_successes,
        other.reward_per_display as other_reward,
        other.reward_variance as other_variance,
        other.clustered_variance as other_clustered_variance,
        arms.successes >= {{ enough }} and other.successes >= {{ enough }} as is_enough,
        (arms.success_rate * arms.effective_displays + other.success_rate * other.effective_displays)
        / (arms.effective_displays + other.effective_displays) as pooled_rate,
        {{ welch_degrees(
            "arms.reward_variance / arms.effective_displays", "arms.effective_displays",
            "other.reward_variance / other.effective_displays", "other.effective_displays",
        ) }} as degrees,
        case
            when arms.profiles >= {{ enough }} and other.profiles >= {{ enough }}
                then least(arms.profiles, other.profiles) - 1
        end as clustered_degrees,
        case baselines.baseline
            {%- for name in references %}
            when '{{ name }}' then
                arms.reward_{{ name }}_reward
                - other.reward_per_display * arms.reward_{{ name }}_displays
                - arms.reward_per_display * arms.displays_{{ name }}_reward
                + arms.reward_per_display * other.reward_per_display * arms.displays_{{ name }}_displays
            {%- endfor %}
        end / (arms.weight * other.weight) as clustered_covariance
    from arms
    cross join (select unnest({{ quoted_list(references) }}) as baseline) as baselines
    left join arms as other
        on arms.strategy_id = other.strategy_id
        and arms.guardrail is not distinct from other.guardrail
        and arms.placement_id = other.placement_id
        and arms.window_days = other.window_days
        and other.arm = baselines.baseline
        and arms.arm <> baselines.baseline

),

-- Binary: the pooled two-proportion test, the same as chi-squared; continuous: Welch's.
errors as (

    select
        *,
        case when is_enough and other_reward > 0 and reward_per_display > 0 then reward_per_display / other_reward end
            as ratio,
        case when is_enough then reward_per_display - other_reward end as difference,
        case
            when kpi_type = 'binary' then pooled_rate * (1 - pooled_rate) * (1 / effective_displays + 1 / other_effective_displays)
            else reward_variance / effective_displays + other_variance / other_effective_displays
        end as variance,
        greatest(0, clustered_variance + other_clustered_variance - 2 * clustered_covariance) as variance_clustered,
        case when kpi_type = 'binary' then 1.96 else {{ t_quantile_975("degrees") }} end
        * sqrt(
            reward_variance / effective_displays / nullif(pow(reward_per_display, 2), 0)
            + other_variance / other_effective_displays / nullif(pow(other_reward, 2), 0)
        ) as half_width,
        {{ t_quantile_975("clustered_degrees") }}
        * sqrt(greatest(
            0,
            clustered_variance / nullif(pow(reward_per_display, 2), 0)
            + other_clustered_variance / nullif(pow(other_reward, 2), 0)
            - 2 * clustered_covariance / nullif(reward_per_display * other_reward, 0)
        )) as half_width_clustered,
        case
            when other_successes >= {{ enough }} and other_reward > 0
                then {{ displays_for_lift("kpi_type", "other_reward", "other_variance", "reward_variance", "effective_displays / other_effective_displays") }}
                * other_displays / other_effective_displays
        end as baseline_displays_needed
    from compared

),

measured as (

    select
        *,
        case
            when kpi_type = 'binary' then difference / nullif(sqrt(variance), 0)
            else {{ normal_of_t("(difference / nullif(sqrt(variance), 0))", "degrees") }}
        end as z,
        {{ normal_of_t("(difference / nullif(sqrt(variance_clustered), 0))", "clustered_degrees") }} as z_clustered,
        coalesce(
            {{ t_quantile_975("clustered_degrees") }} * sqrt(variance_clustered),
            {{ t_quantile_975("degrees") }} * sqrt(reward_variance / effective_displays + other_variance / other_effective_displays)
        ) as half_difference,
        case when baseline_displays_needed < other_displays then 0 else baseline_displays_needed - other_displays end
        / (7 * other_displays / days) as weeks_needed
    from errors

),

-- Each arm has a row with random, and one with control where there is a control arm.
final as (

    select
        strategy_id,
        guardrail,
        placement_id,
        window_days,
        arm,
        traffic_type,
        baseline,
        displays,
        successes,
        success_rate,
        reward_per_display,
        case when arm = baseline then 'reference' when is_enough then 'ok' else 'insufficient' end as status,
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
        {{ whole_displays("baseline_displays_needed") }} as baseline_displays_needed,
        {{ whole_displays("baseline_displays_needed * (1 + displays / other_displays)") }} as displays_needed,
        weeks_needed,
        {{ power_sentence("baseline", "other_displays", "other_successes", "baseline_displays_needed", "coalesce(z_clustered, z)") }}
            as power_sentence
    from measured
    where baseline = 'random' or other_displays is not null

)

select * from final
