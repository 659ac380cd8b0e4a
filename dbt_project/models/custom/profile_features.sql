-- Yours to edit: one row per profile, feature and moment from which the value holds. Any SQL on the staging models and the
-- models of intermediate/events will do; there are no computed features as shipped. Each row must be known at its
-- valid_from: nothing that happens later may decide it.
with final as (

    select
        null::varchar as profile_id,
        null::varchar as feature_name,
        null::varchar as value,
        null::timestamp as valid_from
    where false

)

select * from final
