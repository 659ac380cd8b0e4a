with singles as (

    select
        features.strategy_id,
        features.offer_id,
        features.feature_name,
        features.feature_value,
        count(*) as displays,
        count(*) filter (where features.is_success) as successes,
        {{ exact_mean("features.reward") }} as mean_reward,
        {{ exact_variance("features.reward") }} as reward_variance
    from {{ ref("int_example_features") }} as features
    where features.traffic_type = 'random'
    group by 1, 2, 3, 4
    -- Cells with few displays are noise, and there are very many of them.
    having count(*) >= 10

),

-- Single features and pairs: an exclusive-or shows in the pair only.
unioned as (

    select
        *,
        false as is_pair
    from singles
    union all
    select
        *,
        true as is_pair
    from {{ ref("int_random_pair_outcomes") }}

),

-- The response is a success, or the amount if nearly all displays are a success.
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

)

select * from final
