with examples as (

    select
        strategy_id,
        context
    from {{ ref("training_examples") }}

),

numbers as (

    select
        strategy_id,
        feature_name
    from {{ ref("strategy_features") }}
    where value_type = 'number'

),

-- Numbers are read in quarters of the displays.
final as (

    select
        numbers.strategy_id,
        numbers.feature_name,
        {{ quartile("try_cast(" ~ map_value("examples.context", "numbers.feature_name") ~ " as double)", 0.25) }} as lower_quartile,
        {{ quartile("try_cast(" ~ map_value("examples.context", "numbers.feature_name") ~ " as double)", 0.5) }} as median,
        {{ quartile("try_cast(" ~ map_value("examples.context", "numbers.feature_name") ~ " as double)", 0.75) }} as upper_quartile
    from numbers
    inner join examples on numbers.strategy_id = examples.strategy_id
    group by 1, 2

)

select * from final
