with single as (

    select * from {{ ref("int_single_interactions") }}

),

strengths as (

    select
        strategy_id,
        feature_name,
        row_number() over (
            partition by strategy_id
            order by {{ exact_sum("displays * pow(shrunken_rate - offer_mean, 2)", 18) }} desc, feature_name
        ) as place
    from single
    group by 1, 2

),

sizes as (

    {{ displays_by_strategy(ref("training_examples")) }}

),

-- The features with the largest effect on their own.
numbered as (

    select
        *,
        {{ cell_number() }} as cell_number
    from single
    where
        (strategy_id, feature_name) in (
            select (strategy_id, feature_name)
            from strengths
            where place <= {{ var("paired_features") }}
        )

),

chosen as (

    select
        features.strategy_id,
        features.display_id,
        features.is_success,
        features.reward,
        numbered.cell_number
    from {{ ref("int_example_features") }} as features
    inner join numbered
        on features.strategy_id = numbered.strategy_id
        and features.offer_id = numbered.offer_id
        and features.feature_name = numbered.feature_name
        and features.feature_value = numbered.feature_value
    inner join sizes on features.strategy_id = sizes.strategy_id
    where {{ in_pair_sample("features.display_id", "sizes.displays") }}

),

{{ count_pairs() }}

select * from final
