with comparisons as (

    select * from {{ ref("int_arm_comparisons") }} where guardrail is null

),

final as (

    select
        random.strategy_id,
        random.placement_id,
        random.window_days,
        random.arm,
        random.traffic_type,
        random.displays,
        random.successes,
        random.success_rate,
        random.reward_per_display,
        random.status,
        random.lift,
        random.lift_low,
        random.lift_high,
        random.p_value,
        random.profiles,
        random.lift_low_clustered,
        random.lift_high_clustered,
        random.p_value_clustered,
        random.incremental_reward,
        random.incremental_reward_low,
        random.incremental_reward_high,
        random.baseline_displays_needed as random_displays_needed,
        random.displays_needed,
        random.weeks_needed,
        random.power_sentence,
        control.status as status_over_control,
        control.lift as lift_over_control,
        coalesce(control.lift_low_clustered, control.lift_low) as lift_over_control_low,
        coalesce(control.lift_high_clustered, control.lift_high) as lift_over_control_high,
        coalesce(control.p_value_clustered, control.p_value) as p_value_over_control,
        control.incremental_reward as incremental_reward_over_control,
        control.incremental_reward_low as incremental_reward_over_control_low,
        control.incremental_reward_high as incremental_reward_over_control_high,
        control.baseline_displays_needed as control_displays_needed,
        control.power_sentence as power_sentence_over_control
    from comparisons as random
    left join comparisons as control
        on random.strategy_id = control.strategy_id
        and random.placement_id = control.placement_id
        and random.window_days = control.window_days
        and random.arm = control.arm
        and control.baseline = 'control'
    where random.baseline = 'random'

)

select * from final
