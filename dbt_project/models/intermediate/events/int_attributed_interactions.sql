{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_xdm__events'), none]]) }}",
) }}

{%- set since = first_changed_day([[ref("stg_xdm__events"), none]]) %}

with interactions as (

    select *
    from {{ ref("int_proposition_items") }}
    where
        event_kind <> 'display'
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

displays as (

    select
        display_id,
        event_ts,
        proposition_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position
    from {{ ref("int_displays") }}
    where source = 'xdm'

),

-- An interaction belongs to the latest display of its proposition and offer that is not after it.
matched as (

    select
        interactions.item_event_id,
        displays.display_id,
        displays.event_ts as display_ts,
        displays.activity_id,
        displays.scope_id,
        displays.placement_id,
        row_number() over (
            partition by interactions.item_event_id
            order by displays.event_ts desc, displays.position, displays.display_id
        ) as closeness
    from interactions
    inner join displays
        on interactions.proposition_id = displays.proposition_id
        and interactions.offer_id = displays.offer_id
        and displays.event_ts <= interactions.event_ts

),

final as (

    select
        interactions.item_event_id as interaction_id,
        interactions.event_id,
        interactions.event_kind as interaction_kind,
        interactions.event_type,
        interactions.event_ts,
        interactions.event_date,
        interactions.profile_id,
        interactions.proposition_id,
        interactions.offer_id,
        coalesce(matched.placement_id, interactions.placement_id) as placement_id,
        interactions.event_values,
        matched.display_id,
        matched.display_ts,
        interactions.source_file,
        interactions.load_id
    from interactions
    left join matched
        on interactions.item_event_id = matched.item_event_id and matched.closeness = 1

)

select * from final
