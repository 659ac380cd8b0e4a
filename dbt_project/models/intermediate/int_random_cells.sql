{{ config(tags=["monitoring"]) }}

with random_displays as (

    select
        strategy_id,
        display_id
    from {{ ref("training_examples") }}
    where traffic_type = 'random'

),

features as (

    select features.*
    from {{ ref("int_example_features") }} as features
    inner join random_displays
        on features.strategy_id = random_displays.strategy_id
        and features.display_id = random_displays.display_id

),

sizes as (

    select
        strategy_id,
        count(*) as displays
    from random_displays
    group by 1

),

paired as (

    select distinct
        strategy_id,
        feature_name,
        other_feature_name
    from {{ ref("int_pair_interactions") }}

),

singles as (

    select
        strategy_id,
        offer_id,
        feature_name,
        feature_value,
        count(*) as displays,
        count(*) filter (where is_success) as successes,
        {{ exact_mean("reward") }} as mean_reward,
        {{ exact_variance("reward") }} as reward_variance
    from features
    group by 1, 2, 3, 4

),

-- What only two features together tell: neither half of an either-or shows anything by itself.
pairs as (

    select
        one.strategy_id,
        one.offer_id,
        one.feature_name || ' with ' || other.feature_name as feature_name,
        one.feature_value || ', ' || other.feature_value as feature_value,
        count(*) as displays,
        count(*) filter (where one.is_success) as successes,
        {{ exact_mean("one.reward") }} as mean_reward,
        {{ exact_variance("one.reward") }} as reward_variance
    from features as one
    inner join paired on one.strategy_id = paired.strategy_id and one.feature_name = paired.feature_name
    inner join features as other
        on one.strategy_id = other.strategy_id
        and one.display_id = other.display_id
        and paired.other_feature_name = other.feature_name
    inner join sizes on one.strategy_id = sizes.strategy_id
    where
        sizes.displays <= {{ var("paired_displays") }}
        or {{ hash_share("one.display_id") }} < {{ var("paired_displays") }} / sizes.displays
    group by 1, 2, 3, 4

),

unioned as (

    select
        *,
        false as is_pair
    from singles
    union all
    select
        *,
        true as is_pair
    from pairs

),

-- A response is a success. Where nearly all displays are one, it is the amount.
responses as (

    select
        strategy_id,
        {{ exact_mean("(not is_success)::int") }} < 0.05 as is_amount
    from {{ ref("training_examples") }}
    where traffic_type = 'random'
    group by 1

),

final as (

    select
        unioned.strategy_id,
        unioned.offer_id,
        unioned.feature_name,
        unioned.feature_value,
        unioned.is_pair,
        responses.is_amount,
        unioned.displays,
        unioned.successes,
        case
            when responses.is_amount then unioned.mean_reward
            else ln((unioned.successes + 0.5) / (unioned.displays - unioned.successes + 0.5))
        end as response,
        case
            when responses.is_amount then unioned.reward_variance / unioned.displays
            else 1 / (unioned.successes + 0.5) + 1 / (unioned.displays - unioned.successes + 0.5)
        end as response_variance
    from unioned
    inner join responses on unioned.strategy_id = responses.strategy_id
    -- Cells of a handful of displays are noise, and there are very many of them.
    where unioned.displays >= 10

)

select * from final
