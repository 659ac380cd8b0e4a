{%- set enough = 20 %}

with score_groups as (

    select * from {{ ref("int_score_groups") }} where week = 0

),

-- By the mid-rank of a group, so that displays with equal scores stay together.
placed as (

    select
        *,
        ceil(
            10 * (displays_below + displays / 2.0) / sum(displays) over (partition by strategy_id, model_version)
        )::int as decile
    from score_groups

),

deciles as (

    select
        strategy_id,
        model_version,
        kpi_type,
        decile,
        sum(displays)::bigint as displays,
        sum(successes)::bigint as successes,
        min(score) as lowest_score,
        max(score) as highest_score,
        {{ exact_sum("score * displays") }} / sum(displays) as mean_score,
        {{ exact_sum("reward") }} / sum(displays) as mean_reward,
        {{ exact_sum("squared_reward", 18) }} / sum(displays) as mean_squared_reward
    from placed
    group by 1, 2, 3, 4

),

-- Binary: Wilson bounds, which are valid for small counts too. Continuous: normal bounds.
bounded as (

    select
        *,
        case when kpi_type = 'binary' then (mean_reward + 1.9208 / displays) / (1 + 3.8416 / displays) else mean_reward end
            as centre,
        case
            when kpi_type = 'binary'
                then 1.96 * sqrt(mean_reward * (1 - mean_reward) / displays + 0.9604 / displays / displays)
                / (1 + 3.8416 / displays)
            when successes >= {{ enough }}
                then 1.96 * sqrt(greatest(0, mean_squared_reward - mean_reward * mean_reward) / displays)
        end as half_width
    from deciles

),

final as (

    select
        strategy_id,
        model_version,
        decile,
        displays,
        successes,
        lowest_score,
        highest_score,
        mean_score,
        mean_reward,
        case when kpi_type = 'binary' then greatest(0, centre - half_width) else centre - half_width end as mean_reward_low,
        centre + half_width as mean_reward_high
    from bounded

)

select * from final
