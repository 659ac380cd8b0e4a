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

    select
        strategy_id,
        count(*) as displays
    from {{ ref("training_examples") }}
    group by 1

),

-- The features with the largest effect on their own. Numbers stand for offer, feature and value: pairs are many, and comparing
-- four texts of each is most of the work.
numbered as (

    select
        single.*,
        row_number() over (
            order by single.strategy_id, single.feature_name, single.feature_value, single.offer_id
        ) as cell_number
    from single
    inner join strengths
        on single.strategy_id = strengths.strategy_id
        and single.feature_name = strengths.feature_name
    where strengths.place <= {{ var("paired_features") }}

),

-- A sample that depends on nothing but the display.
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
    where
        sizes.displays <= {{ var("paired_displays") }}
        or {{ hash_share("features.display_id") }} < {{ var("paired_displays") }} / sizes.displays

),

cells as (

    select
        one.cell_number,
        other.cell_number as other_cell_number,
        count(*) as displays,
        count(*) filter (where one.is_success) as successes,
        {{ exact_sum("one.reward") }} as total_reward
    from chosen as one
    inner join chosen as other
        on one.strategy_id = other.strategy_id
        and one.display_id = other.display_id
        and one.cell_number < other.cell_number
    group by 1, 2

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
        one.offer_mean,
        {{ shrunken_rate("cells.total_reward", "cells.displays", "one.offer_mean") }} as shrunken_rate
    from cells
    inner join numbered as one on cells.cell_number = one.cell_number
    inner join numbered as other on cells.other_cell_number = other.cell_number
    -- Cells of a handful of displays are noise, and there are very many of them.
    where cells.displays >= 10

)

select * from final
