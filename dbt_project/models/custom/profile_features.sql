-- Edit this model: one row per profile, feature and time from which the value is valid. You can use any SQL on the
-- staging models and the models of intermediate/events. By default, there are no computed features. Each row must be
-- known at its valid_from: it must not depend on anything that happens later.
with final as (

    select
        null::varchar as profile_id,
        null::varchar as feature_name,
        null::varchar as value,
        null::timestamp as valid_from
    where false

)

select * from final
