-- One row with the time of the last readable display or event.
with records as (

    select event_ts from {{ ref("stg_flat__displays") }} where reject_reason is null
    union all
    select event_ts from {{ ref("stg_xdm__events") }} where reject_reason is null

)

select max(event_ts) as last_ts from records
