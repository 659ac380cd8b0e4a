-- Edit this model: one row per offer that must not be ranked, for one person or (profile_id NULL) for everybody, in one
-- placement or (placement_id NULL) in all. You can use any SQL on the models of this project. By default, nothing is
-- excluded. Use as_of() for the time of the run, so that a back-fill sees the state of that time.
with final as (

    select
        null::varchar as offer_id,
        null::varchar as profile_id,
        null::varchar as placement_id
    where false

)

select * from final
