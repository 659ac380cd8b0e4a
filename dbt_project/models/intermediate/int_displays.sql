{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_xdm__events'), 'xdm'], [ref('stg_flat__displays'), 'flat']]) }}",
) }}

{%- set since = first_changed_day([[ref("stg_xdm__events"), "xdm"], [ref("stg_flat__displays"), "flat"]]) %}

with xdm as (

    select *
    from {{ ref("int_proposition_items") }}
    where
        event_kind = 'display'
        and offer_id is not null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

flat as (

    select *
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

-- Of flat rows of one request, position and offer the earliest counts.
flat_deduplicated as (

    select *
    from flat
    qualify row_number() over (partition by display_id order by event_ts, source_file, line_number) = 1

),

final as (

    select
        item_event_id as display_id,
        'xdm' as source,
        event_id,
        event_ts,
        event_date,
        profile_id,
        proposition_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        traffic_type,
        propensity,
        null::varchar[] as segments,
        context,
        null::boolean as is_clicked,
        null::double as value,
        load_id
    from xdm
    union all
    select
        display_id,
        'flat' as source,
        request_id as event_id,
        event_ts,
        event_date,
        profile_id,
        display_id as proposition_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        traffic_type,
        propensity,
        segments,
        context,
        is_clicked,
        value,
        load_id
    from flat_deduplicated
    {%- if since %}
    where display_id not in (select display_id from {{ this }} where source = 'flat' and event_date < date '{{ since }}')
    {%- endif %}

)

select * from final
