{{ config(tags=["monitoring"]) }}

with single as (

    select * from {{ ref("int_single_interactions") }}

),

strengths as (

    select
        strategy_id,
        feature_name,
        row_number() over (
            partition by strategy_id
            order by {{ exact_sum("1e6 * displays * pow(shrunken_rate - offer_mean, 2)") }} desc, feature_name
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

-- The features that tell most by themselves, on a sample that depends on nothing but the display.
chosen as (

    select
        features.strategy_id,
        features.display_id,
        features.offer_id,
        features.is_success,
        features.reward,
        features.feature_name,
        features.feature_value
    from {{ ref("int_example_features") }} as features
    inner join strengths
        on features.strategy_id = strengths.strategy_id
        and features.feature_name = strengths.feature_name
        and strengths.place <= {{ var("paired_features") }}
    inner join sizes on features.strategy_id = sizes.strategy_id
    where
        sizes.displays <= {{ var("paired_displays") }}
        or {{ hash_share("features.display_id") }} < {{ var("paired_displays") }} / sizes.displays

),

cells as (

    select
        one.strategy_id,
        one.offer_id,
        one.feature_name,
        one.feature_value,
        other.feature_name as other_feature_name,
        other.feature_value as other_feature_value,
        count(*) as displays,
        count(*) filter (where one.is_success) as successes,
        {{ exact_sum("one.reward") }} as total_reward
    from chosen as one
    inner join chosen as other
        on one.strategy_id = other.strategy_id
        and one.display_id = other.display_id
        and one.feature_name < other.feature_name
    group by 1, 2, 3, 4, 5, 6

),

offers as (

    select distinct
        strategy_id,
        offer_id,
        offer_mean
    from single

),

final as (

    select
        cells.strategy_id,
        cells.offer_id,
        cells.feature_name,
        cells.feature_value,
        cells.other_feature_name,
        cells.other_feature_value,
        cells.displays,
        cells.successes,
        cells.total_reward,
        offers.offer_mean,
        {{ shrunken_rate("cells.total_reward", "cells.displays", "offers.offer_mean") }} as shrunken_rate
    from cells
    inner join offers on cells.strategy_id = offers.strategy_id and cells.offer_id = offers.offer_id
    -- Cells of a handful of displays are noise, and there are very many of them.
    where cells.displays >= 10

)

select * from final
