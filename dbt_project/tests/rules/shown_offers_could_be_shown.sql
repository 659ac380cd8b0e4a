-- No training example whose offer is not in the set of what could have been shown at its display.
select
    examples.strategy_id,
    examples.display_id,
    examples.offer_id
from {{ ref("training_examples") }} as examples
where
    not exists (
        select 1
        from {{ ref("display_eligibility_sets") }} as sets
        where
            sets.eligibility_set_id = examples.eligibility_set_id
            and sets.strategy_id = examples.strategy_id
            and sets.placement_id = examples.placement_id
            and sets.offer_id = examples.offer_id
    )
