{{ config(materialized="view") }}

with examples as (

    select * from {{ ref("training_examples") }}

),

features as (

    select * from {{ ref("int_feature_buckets") }}

),

valued as (

    select
        examples.strategy_id,
        examples.display_id,
        examples.offer_id,
        examples.traffic_type,
        examples.is_success,
        examples.reward,
        features.feature_name,
        features.value_type,
        {{ feature_text("examples", "features") }} as feature_text,
        features.lower_quartile,
        features.median,
        features.upper_quartile
    from examples
    inner join features on examples.strategy_id = features.strategy_id

),

final as (

    select
        strategy_id,
        display_id,
        offer_id,
        traffic_type,
        is_success,
        reward,
        feature_name,
        {{ readable_feature_value() }} as feature_value
    from valued

)

select * from final
