-- Yours to edit: one row per offer that must not be ranked, for one person or (profile_id NULL) for everybody, in one
-- placement or (placement_id NULL) in all. Any SQL on the models of this project will do; nothing is excluded as
-- shipped. Use as_of() for the moment of the run, so that a back-fill sees what held then.
with final as (

    select
        null::varchar as offer_id,
        null::varchar as profile_id,
        null::varchar as placement_id
    where false

)

select * from final
