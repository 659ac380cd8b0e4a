{{ config(tags=["monitoring"]) }}

with scored as (

    select * from {{ ref("int_scored_displays") }}

),

-- Displays with one score cannot be told apart by it: they are one cell. Week 0 stands for all weeks together.
cells as (

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
        {{ exact_sum("pow(reward, 2)") }} as squared_reward
    from scored
    group by grouping sets (
        (strategy_id, model_version, kpi_type, week, score),
        (strategy_id, model_version, kpi_type, score)
    )

),

{%- set partition = "strategy_id, model_version, week" %}

final as (

    select
        *,
        ({{ exact_running_sum("displays", partition, "score") }} - displays)::bigint as displays_below,
        ({{ exact_running_sum("positives", partition, "score") }} - positives)::bigint as positives_below,
        {{ exact_running_sum("reward", partition, "score") }} as reward_up_to
    from cells

)

select * from final
