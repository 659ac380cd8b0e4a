with examples as (

    select
        strategy_id,
        context
    from {{ ref("training_examples") }}

),

features as (

    select * from {{ ref("strategy_features") }}

),

-- Numbers are divided into quarters of the displays.
quarters as (

    select
        features.strategy_id,
        features.feature_name,
        {%- set number = "try_cast(" ~ map_value("examples.context", "features.feature_name") ~ " as double)" %}
        {{ quartile(number, 0.25) }} as lower_quartile,
        {{ quartile(number, 0.5) }} as median,
        {{ quartile(number, 0.75) }} as upper_quartile
    from features
    inner join examples on features.strategy_id = examples.strategy_id
    where features.value_type = 'number'
    group by 1, 2

),

final as (

    select
        features.strategy_id,
        features.feature_kind,
        features.feature_name,
        features.value_type,
        quarters.lower_quartile,
        quarters.median,
        quarters.upper_quartile
    from features
    left join quarters
        on features.strategy_id = quarters.strategy_id
        and features.feature_name = quarters.feature_name

)

select * from final
