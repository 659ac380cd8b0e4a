with comparisons as (

    select
        *,
        {{ is_less_better("guardrail") }} as is_less_better,
        coalesce(lift_low_clustered, lift_low) as low,
        coalesce(lift_high_clustered, lift_high) as high
    from {{ ref("int_arm_comparisons") }}
    where guardrail is not null

),

final as (

    select
        strategy_id,
        {{ guardrail_id("guardrail") }} as guardrail,
        is_less_better,
        placement_id,
        window_days,
        arm,
        baseline,
        displays,
        reward_per_display,
        status,
        lift,
        low as lift_low,
        high as lift_high,
        coalesce(p_value_clustered, p_value) as p_value,
        case
            when status = 'reference' then 'reference'
            when status <> 'ok' or low is null then 'too few'
            when case when is_less_better then low > 0 else high < 0 end then 'worse'
            when case when is_less_better then high < 0 else low > 0 end then 'better'
            else 'not proven'
        end as verdict
    from comparisons

)

select * from final
