-- A view: copying every event would cost more than looking up the few that occur twice.
{{ config(materialized="view") }}

with accepted as (

    select *
    from {{ ref("stg_xdm__events") }}
    where
        reject_reason is null
        and event_id not in (select event_id from {{ ref("int_repeated_events") }})
    union all
    select * from {{ ref("int_repeated_events") }}

),

final as (

    select
        event_id,
        event_ts,
        event_date,
        event_type,
        event_kind,
        profile_id,
        request_id,
        propositions,
        tokens,
        context_text,
        event_values,
        source_file,
        load_id
    from accepted

)

select * from final
