with single as (

    select
        *,
        null::varchar as other_feature_name,
        null::varchar as other_feature_value
    from {{ ref("int_single_interactions") }}

),

pairs as (

    select * from {{ ref("int_pair_interactions") }}

),

model_pairs as (

    select * from {{ ref("int_model_pair_interactions") }}

),

unioned as (

    select
        strategy_id, offer_id, feature_name, feature_value, other_feature_name, other_feature_value, displays,
        successes, total_reward, offer_mean, shrunken_rate
    from single
    union all
    select
        strategy_id, offer_id, feature_name, feature_value, other_feature_name, other_feature_value, displays,
        successes, total_reward, offer_mean, shrunken_rate
    from pairs
    union all
    select
        strategy_id, offer_id, feature_name, feature_value, other_feature_name, other_feature_value, displays,
        successes, total_reward, offer_mean, shrunken_rate
    from model_pairs

),

final as (

    select
        strategy_id,
        offer_id,
        feature_name,
        feature_value,
        other_feature_name,
        other_feature_value,
        displays,
        successes,
        total_reward / displays as rate,
        shrunken_rate,
        shrunken_rate / nullif(offer_mean, 0) - 1 as lift
    from unioned

)

select * from final
