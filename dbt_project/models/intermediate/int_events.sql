{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_xdm__events'), none]]) }}",
) }}

{%- set since = first_changed_day([[ref("stg_xdm__events"), none]]) %}

with events as (

    select *
    from {{ ref("stg_xdm__events") }}
    where
        reject_reason is null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

repeated as (

    select event_id
    from events
    group by event_id
    having count(*) > 1

),

-- Of events with one id the earliest counts; ties go to the first file, then to the content.
ranked as (

    select
        events.*,
        row_number() over (
            partition by events.event_id
            order by events.event_ts, events.source_file, events.event_kind, events.propositions::varchar,
                events.context::varchar, events.event_values::varchar, events.profile_id
        ) as copy_number
    from events
    inner join repeated on events.event_id = repeated.event_id

),

unioned as (

    select
        events.*,
        1 as copy_number
    from events
    anti join repeated on events.event_id = repeated.event_id
    union all
    select * from ranked where copy_number = 1

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
        context,
        event_values,
        source_file,
        load_id
    from unioned
    {%- if since %}
    -- Copies of an event that was kept on an earlier day.
    where event_id not in (select event_id from {{ this }} where event_date < date '{{ since }}')
    {%- endif %}

)

select * from final
