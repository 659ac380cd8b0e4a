with cells as (

    select
        strategy_id,
        offer_id,
        feature_name,
        feature_value,
        count(*) as displays,
        count(*) filter (where is_success) as successes,
        {{ exact_sum("reward") }} as total_reward
    from {{ ref("int_example_features") }}
    group by 1, 2, 3, 4

),

-- A feature with one value carries no information.
varied as (

    select
        strategy_id,
        feature_name
    from cells
    group by 1, 2
    having count(distinct feature_value) > 1

),

offers as (

    select
        strategy_id,
        offer_id,
        {{ exact_mean("reward") }} as offer_mean
    from {{ ref("training_examples") }}
    group by 1, 2

),

final as (

    select
        cells.strategy_id,
        cells.offer_id,
        cells.feature_name,
        cells.feature_value,
        cells.displays,
        cells.successes,
        cells.total_reward,
        offers.offer_mean,
        {{ shrunken_rate("cells.total_reward", "cells.displays", "offers.offer_mean") }} as shrunken_rate
    from cells
    inner join varied
        on cells.strategy_id = varied.strategy_id and cells.feature_name = varied.feature_name
    inner join offers on cells.strategy_id = offers.strategy_id and cells.offer_id = offers.offer_id

)

select * from final
