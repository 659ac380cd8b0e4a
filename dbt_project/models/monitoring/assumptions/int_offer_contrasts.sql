-- Amounts may be tiny or huge. They are divided by the smallest standard error of the strategy to keep the digits of
-- sums.
with cells as (

    select
        *,
        sqrt(min(response_variance) over (partition by strategy_id)) as unit
    from {{ ref("int_random_feature_outcomes") }}
    where response_variance > 0

),

offers as (

    select
        strategy_id,
        offer_id,
        row_number() over (
            partition by strategy_id
            order by count(*) filter (where is_success) desc, count(*) desc, offer_id
        ) as place
    from {{ ref("training_examples") }}
    where traffic_type = 'random'
    group by 1, 2

),

compared as (

    select cells.*
    from cells
    inner join offers
        on cells.strategy_id = offers.strategy_id
        and cells.offer_id = offers.offer_id
        and offers.place <= {{ var("compared_offers") }}

),

differences as (

    select
        one.strategy_id,
        one.offer_id,
        other.offer_id as other_offer_id,
        one.feature_name,
        one.feature_value,
        one.is_pair,
        one.unit,
        (one.response - other.response) / one.unit as difference,
        pow(one.unit, 2) / (one.response_variance + other.response_variance) as weight
    from compared as one
    inner join compared as other
        on one.strategy_id = other.strategy_id
        and one.feature_name = other.feature_name
        and one.feature_value = other.feature_value
        and one.offer_id < other.offer_id

),

sums as (

    select
        strategy_id,
        offer_id,
        other_offer_id,
        feature_name,
        is_pair,
        unit,
        count(*) as feature_values,
        {{ exact_sum("weight", 18) }} as weight,
        {{ exact_sum("pow(weight, 2)", 18) }} as squared_weight,
        {{ exact_sum("weight * difference", 18) }} as weighted,
        {{ exact_sum("weight * pow(difference, 2)", 18) }} as weighted_square
    from differences
    group by 1, 2, 3, 4, 5, 6

),

-- Cochran's Q: the variation of the difference of two offers over the values of a feature, apart from the difference of
-- their means. `information` turns its excess over chance into a variance (DerSimonian and Laird).
final as (

    select
        strategy_id,
        offer_id,
        other_offer_id,
        feature_name,
        is_pair,
        feature_values - 1 as degrees,
        greatest(0, weighted_square - pow(weighted, 2) / weight) as statistic,
        (weight - squared_weight / weight) / pow(unit, 2) as information
    from sums
    where feature_values > 1

)

select * from final
