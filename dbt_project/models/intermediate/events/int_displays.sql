{{ config(materialized="view") }}

{#- The assignment of displays without traffic type and propensity can be declared. #}
{%- set traffic_type = "traffic_type" -%}
{%- if var("assignment", "") == "uniform" -%}
    {%- set traffic_type = "coalesce(traffic_type, case when propensity is null then 'random' end) as traffic_type" -%}
{%- endif %}

with named as (

    select
        item_event_id,
        event_id,
        event_ts,
        event_date,
        profile_id,
        proposition_id,
        part_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        traffic_type,
        propensity,
        item_tokens,
        context_text,
        source_file,
        load_id
    from {{ ref("int_proposition_items") }}
    where
        event_kind = 'display'
        and offer_id is not null

),

-- Borrowed items have the same columns in the same order; flat displays have the columns of displays.
items as (

    select * from named
    union all
    select * from {{ ref("int_borrowed_items") }}

),

xdm as (

    select
        item_event_id as display_id,
        'xdm' as source,
        event_id,
        event_ts,
        event_date,
        profile_id,
        proposition_id,
        part_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        traffic_type,
        null::varchar as told_arm,
        propensity,
        null::varchar[] as segments,
        context_text,
        null::boolean as is_clicked,
        null::double as value,
        null::timestamp as outcome_until,
        item_tokens,
        source_file,
        load_id
    from items

),

unioned as (

    select * from xdm
    union all
    select * from {{ ref("int_flat_displays") }}

),

final as (

    select
        display_id,
        source,
        event_id,
        event_ts,
        event_date,
        profile_id,
        proposition_id,
        part_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        {{ traffic_type }},
        told_arm,
        propensity,
        segments,
        context_text,
        is_clicked,
        value,
        outcome_until,
        item_tokens,
        source_file,
        load_id
    from unioned

)

select * from final
