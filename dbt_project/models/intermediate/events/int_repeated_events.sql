-- Two passes over the events use less memory than keeping a copy of all of them.
with repeated as (

    select event_id
    from {{ ref("stg_xdm__events") }}
    where reject_reason is null
    group by event_id
    having count(*) > 1

),

-- The earliest copy is kept; ties are broken by file, then by content.
final as (

    select events.*
    from {{ ref("stg_xdm__events") }} as events
    inner join repeated on events.event_id = repeated.event_id
    where events.reject_reason is null
    qualify row_number() over (
        partition by events.event_id
        order by events.event_ts, events.source_file, events.event_kind, events.propositions::varchar,
            events.context_text, events.event_values::varchar, events.profile_id
    ) = 1

)

select * from final
