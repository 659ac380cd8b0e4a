with pairs as (

    select * from {{ ref("int_model_pairs") }}

),

sizes as (

    select
        strategy_id,
        count(*) as displays
    from {{ ref("training_examples") }}
    group by 1

),

-- The same sample as in int_pair_interactions.
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
        and (
            sizes.displays <= {{ var("paired_displays") }}
            or {{ hash_share("examples.display_id") }} < {{ var("paired_displays") }} / sizes.displays
        )

),

-- Numbers stand for offer, feature and value, as in int_pair_interactions.
numbered as (

    select
        *,
        row_number() over (order by strategy_id, feature_name, feature_value, offer_id) as cell_number
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

cells as (

    select
        one.cell_number,
        other.cell_number as other_cell_number,
        count(*) as displays,
        count(*) filter (where one.is_success) as successes,
        {{ exact_sum("one.reward") }} as total_reward
    from pairs
    inner join chosen as one
        on pairs.strategy_id = one.strategy_id
        and pairs.feature_name = one.feature_name
    inner join chosen as other
        on one.strategy_id = other.strategy_id
        and one.display_id = other.display_id
        and pairs.other_feature_name = other.feature_name
    group by 1, 2

),

offers as (

    select distinct
        strategy_id,
        offer_id,
        offer_mean
    from {{ ref("int_single_interactions") }}

),

final as (

    select
        one.strategy_id,
        one.offer_id,
        one.feature_name,
        one.feature_value,
        other.feature_name as other_feature_name,
        other.feature_value as other_feature_value,
        cells.displays,
        cells.successes,
        cells.total_reward,
        offers.offer_mean,
        {{ shrunken_rate("cells.total_reward", "cells.displays", "offers.offer_mean") }} as shrunken_rate
    from cells
    inner join numbered as one on cells.cell_number = one.cell_number
    inner join numbered as other on cells.other_cell_number = other.cell_number
    inner join offers on one.strategy_id = offers.strategy_id and one.offer_id = offers.offer_id
    where cells.displays >= 10

)

select * from final
