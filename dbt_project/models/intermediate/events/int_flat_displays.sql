{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_flat__displays'), none]]) }}",
) }}

{%- set since = first_changed_day([[ref("stg_flat__displays"), none]]) %}

with flat as (

    select *
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

-- Of rows of one request, position and offer the earliest counts, and of those the one whose outcome is final first.
earliest as (

    select *
    from flat
    qualify row_number() over (partition by display_id order by event_ts, outcome_until nulls last, source_file, line_number) = 1

),

final as (

    select
        display_id,
        request_id,
        event_ts,
        event_date,
        profile_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        traffic_type,
        propensity,
        segments,
        {{ text_of_map("context") }} as context_text,
        is_clicked,
        value,
        outcome_until,
        load_id
    from earliest
    {%- if since %}
    where display_id not in (select display_id from {{ this }} where event_date < date '{{ since }}')
    {%- endif %}

)

select * from final
