-- Displays with equal scores are one group. Week 0 means all weeks together.
with grouped as (

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
        {{ exact_sum("pow(reward, 2)", 18) }} as squared_reward
    from {{ ref("int_scored_displays") }}
    group by grouping sets (
        (strategy_id, model_version, kpi_type, week, score),
        (strategy_id, model_version, kpi_type, score)
    )

),

final as (

    select
        *,
        (sum(displays) over (partition by strategy_id, model_version, week order by score) - displays)::bigint as displays_below
    from grouped

)

select * from final
