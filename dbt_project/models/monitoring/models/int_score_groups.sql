with ranked as (

    select
        *,
        rank() over (partition by strategy_id, model_version order by score) - 1 as displays_below,
        rank() over (partition by strategy_id, model_version, week order by score) - 1 as displays_below_in_week
    from {{ ref("int_scored_displays") }}

),

-- Displays with equal scores are one group. Week 0 means all weeks together.
final as (

    select
        strategy_id,
        model_version,
        kpi_type,
        coalesce(week, 0) as week,
        score,
        count(*) as displays,
        count(*) filter (where is_success) as successes,
        count(*) filter (where reward > 0) as positives,
        {{ exact_sum("reward") }} as reward,
        {{ exact_sum("pow(reward, 2)", 18) }} as squared_reward,
        case when week is null then min(displays_below) else min(displays_below_in_week) end as displays_below
    from ranked
    group by grouping sets (
        (strategy_id, model_version, kpi_type, week, score),
        (strategy_id, model_version, kpi_type, score)
    )

)

select * from final
