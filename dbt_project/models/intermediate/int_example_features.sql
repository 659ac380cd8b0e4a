{{ config(materialized="view", tags=["monitoring"]) }}

with examples as (

    select * from {{ ref("training_examples") }}

),

features as (

    select
        features.*,
        buckets.lower_quartile,
        buckets.median,
        buckets.upper_quartile
    from {{ ref("strategy_features") }} as features
    left join {{ ref("int_feature_buckets") }} as buckets
        on features.strategy_id = buckets.strategy_id
        and features.feature_name = buckets.feature_name

),

valued as (

    select
        examples.strategy_id,
        examples.display_id,
        examples.offer_id,
        examples.is_success,
        examples.reward,
        features.feature_name,
        features.value_type,
        case
            when features.feature_kind = 'segment' then {{ in_list("examples.segments", "features.feature_name") }}::varchar
            when features.feature_name = 'placement_id' then examples.placement_id
            when features.feature_name = 'activity_id' then examples.activity_id
            when features.feature_name = 'scope_id' then examples.scope_id
            else {{ map_value("examples.context", "features.feature_name") }}
        end as feature_text,
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
        is_success,
        reward,
        feature_name,
        case
            when feature_text is null then '(missing)'
            when value_type <> 'number' then feature_text
            when try_cast(feature_text as double) is null then '(missing)'
            when try_cast(feature_text as double) <= lower_quartile then 'up to ' || lower_quartile
            when try_cast(feature_text as double) <= median then lower_quartile || ' to ' || median
            when try_cast(feature_text as double) <= upper_quartile then median || ' to ' || upper_quartile
            else 'over ' || upper_quartile
        end as feature_value
    from valued

)

select * from final
