-- No computed propensity of random traffic other than 1 / number of offers in its set.
with counts as (

    select
        eligibility_set_id,
        count(*) as offers
    from {{ ref("display_eligibility_sets") }}
    group by 1

)

select
    examples.strategy_id,
    examples.display_id,
    examples.propensity,
    counts.offers
from {{ ref("training_examples") }} as examples
left join counts on examples.eligibility_set_id = counts.eligibility_set_id
where
    examples.propensity_source = 'eligible_count'
    and (
        examples.traffic_type <> 'random'
        or abs(examples.propensity * coalesce(counts.offers, 0) - 1) > 1e-9
    )
