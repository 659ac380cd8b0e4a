{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_xdm__events'), none]], days_before=1) }}",
) }}

{%- set since = first_changed_day([[ref("stg_xdm__events"), none]], days_before=1) %}

with interactions as (

    select
        *,
        case
            when event_kind in ('interact', 'dismiss') then {{ latest_display_ts("event_ts") }}
            else event_ts
        end as latest_display_ts
    from {{ ref("int_proposition_items") }}
    where
        event_kind <> 'display'
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

displays as (

    select * from {{ ref("int_displays") }} where source = 'xdm'

),

-- Displays by the ids by which an interaction may name their proposition.
named_displays as (

    select * from displays
    union all
    select * replace (part_id as proposition_id)
    from displays
    where part_id <> proposition_id

),

-- The ids of the person of each interaction that were known at its time.
people as (

    select
        item_event_id,
        profile_id
    from interactions
    union all
    select
        interactions.item_event_id,
        links.other_profile_id as profile_id
    from interactions
    inner join {{ ref("int_identity_links") }} as links
        on interactions.profile_id = links.profile_id
        and links.known_from <= interactions.event_ts

),

-- The latest display of the proposition and offer to the person, or of all its offers if the interaction names none. A
-- display that arrives shortly after the interaction counts if there is none before it.
own as (

    select
        interactions.item_event_id,
        displays.display_id
    from people
    inner join interactions on people.item_event_id = interactions.item_event_id
    inner join named_displays as displays
        on people.profile_id = displays.profile_id
        and interactions.proposition_id = displays.proposition_id
        and interactions.latest_display_ts >= displays.event_ts
        and (interactions.offer_id = displays.offer_id or interactions.position is null)
    qualify
        rank() over (
            partition by interactions.item_event_id
            order by
                displays.event_ts > interactions.event_ts,
                case when displays.event_ts <= interactions.event_ts then displays.event_ts end desc nulls last,
                displays.event_ts,
                displays.event_id
        ) = 1
        and row_number() over (
            partition by interactions.item_event_id, displays.event_id, displays.offer_id
            order by displays.position, displays.display_id
        ) = 1

),

{{ displays_of_others("interactions", "own", "named_displays") }}

matched as (

    select * from own
    union all
    select * from adopted

),

joined as (

    select
        interactions.*,
        displays.display_id,
        displays.event_ts as display_ts,
        displays.offer_id as displayed_offer_id,
        displays.placement_id as displayed_placement_id,
        matched.item_event_id is not null and matched.display_id is null as fits_several,
        {{ is_named_by("interactions.unmatched_tokens", "displays.offer_id", "displays.item_tokens") }} as is_named
    from interactions
    left join matched on interactions.item_event_id = matched.item_event_id
    left join displays on matched.display_id = displays.display_id
    -- If the display carries the tokens, only the items with these tokens were acted on.
    qualify interactions.unmatched_tokens is null or is_named or not bool_or(is_named) over (partition by interactions.event_id)

),

final as (

    select
        item_event_id || case when position is null and display_id is not null then ':' || displayed_offer_id else '' end as interaction_id,
        event_id,
        event_kind as interaction_kind,
        event_type,
        event_ts,
        event_date,
        profile_id,
        proposition_id,
        coalesce(offer_id, displayed_offer_id) as offer_id,
        coalesce(displayed_placement_id, placement_id) as placement_id,
        event_values,
        display_id,
        display_ts,
        case
            when display_id is not null or (offer_id is null and position is not null) then null
            when event_kind not in ('interact', 'dismiss') then null
            when fits_several then 'several displays of other people fit this interaction'
            else 'no display for this interaction'
        end as reject_reason,
        source_file,
        load_id
    from joined

)

select * from final
