with pairs as (

    select * from {{ ref("int_model_pairs") }}

),

sizes as (

    {{ displays_by_strategy(ref("training_examples")) }}

),

examples as (

    select examples.*
    from {{ ref("int_example_features") }} as examples
    inner join sizes on examples.strategy_id = sizes.strategy_id
    where
        (examples.strategy_id, examples.feature_name) in (
            select (strategy_id, feature_name) from pairs
            union all
            select (strategy_id, other_feature_name) from pairs
        )
        and {{ in_pair_sample("examples.display_id", "sizes.displays") }}

),

numbered as (

    select
        *,
        {{ cell_number() }} as cell_number
    from (select distinct strategy_id, offer_id, feature_name, feature_value from examples)

),

chosen as (

    select
        examples.strategy_id,
        examples.display_id,
        examples.feature_name,
        examples.is_success,
        examples.reward,
        numbered.cell_number
    from examples
    inner join numbered
        on examples.strategy_id = numbered.strategy_id
        and examples.offer_id = numbered.offer_id
        and examples.feature_name = numbered.feature_name
        and examples.feature_value = numbered.feature_value

),

{{ count_pairs("pairs") }}

select * from final
