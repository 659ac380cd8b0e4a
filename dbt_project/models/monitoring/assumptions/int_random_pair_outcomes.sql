with examples as (

    select
        strategy_id,
        display_id,
        is_success,
        reward,
        row_number() over (order by strategy_id, display_id) as display_number
    from {{ ref("training_examples") }}
    where traffic_type = 'random'

),

sizes as (

    {{ displays_by_strategy("examples") }}

),

displays as (

    select examples.*
    from examples
    inner join sizes on examples.strategy_id = sizes.strategy_id
    where {{ in_pair_sample("examples.display_id", "sizes.displays") }}

),

paired as (

    select distinct
        strategy_id,
        feature_name,
        other_feature_name
    from {{ ref("int_pair_interactions") }}

),

numbered as (

    select
        strategy_id,
        offer_id,
        feature_name,
        feature_value,
        {{ cell_number() }} as cell_number,
        dense_rank() over (order by strategy_id, feature_name) as feature_number
    from {{ ref("int_single_interactions") }}
    where
        (strategy_id, feature_name) in (
            select (strategy_id, feature_name) from paired
            union all
            select (strategy_id, other_feature_name) from paired
        )

),

valued as (

    select
        displays.display_number,
        displays.is_success,
        displays.reward,
        numbered.cell_number,
        numbered.feature_number
    from {{ ref("int_example_features") }} as features
    inner join displays
        on features.strategy_id = displays.strategy_id
        and features.display_id = displays.display_id
    inner join numbered
        on features.strategy_id = numbered.strategy_id
        and features.offer_id = numbered.offer_id
        and features.feature_name = numbered.feature_name
        and features.feature_value = numbered.feature_value

),

counts as (

    select
        one.cell_number,
        other.cell_number as other_cell_number,
        count(*) as displays
    from valued as one
    inner join valued as other
        on one.display_number = other.display_number
        and one.feature_number < other.feature_number
    group by 1, 2
    having count(*) >= 10

),

-- Few displays have a reward, so only these are summed.
rewards as (

    select
        one.cell_number,
        other.cell_number as other_cell_number,
        count(*) filter (where one.is_success) as successes,
        {{ exact_sum("one.reward") }} as total_reward,
        {{ exact_sum("one.reward", 18) }} as precise_reward,
        {{ exact_sum("pow(one.reward, 2)", 18) }} as squares
    from valued as one
    inner join valued as other
        on one.display_number = other.display_number
        and one.feature_number < other.feature_number
    where one.is_success or one.reward <> 0
    group by 1, 2

),

final as (

    select
        one.strategy_id,
        one.offer_id,
        one.feature_name || ' with ' || other.feature_name as feature_name,
        one.feature_value || ', ' || other.feature_value as feature_value,
        counts.displays,
        coalesce(rewards.successes, 0) as successes,
        coalesce(rewards.total_reward, 0) / counts.displays as mean_reward,
        {{ variance_of_sums("rewards.squares", "rewards.precise_reward", "counts.displays") }} as reward_variance
    from counts
    inner join numbered as one on counts.cell_number = one.cell_number
    inner join numbered as other on counts.other_cell_number = other.cell_number
    inner join paired
        on one.strategy_id = paired.strategy_id
        and one.feature_name = paired.feature_name
        and other.feature_name = paired.other_feature_name
    left join rewards
        on counts.cell_number = rewards.cell_number
        and counts.other_cell_number = rewards.other_cell_number

)

select * from final
