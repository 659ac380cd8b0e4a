{# How an interaction finds its display. #}

{# True if the tokens of an action name an item, by its id or by one of its tokens. #}
{% macro is_named_by(tokens, offer_id, item_tokens) -%}
    coalesce({{ in_list(tokens, offer_id) }}, false) or coalesce({{ lists_overlap(tokens, item_tokens) }}, false)
{%- endmacro %}

{# The latest time at which the display of a click may arrive. It can follow the click, because server clocks differ and
   pages report a display only once it is rendered. #}
{% macro latest_display_ts(event_ts) -%}
    {{ add_hours(event_ts, late_display_seconds() ~ " / 3600.0") }}
{%- endmacro %}

{% macro late_display_seconds() %}{{ return(10) }}{% endmacro %}

{# True if an event counts by its type: custom events, and events of another type that also report displays. #}
{% macro is_conversion(events) -%}
    (
        {{ events }}.event_kind = 'custom'
        or {{ events }}.event_kind = 'display' and {{ events }}.event_values is not null
    )
{%- endmacro %}

{# CTEs up to `adopted`: displays of other people for the interactions that `own` does not match. One counts only if it
   is the only one that fits; display_id is NULL if several do. Many people may see one proposition, so only the first
   two displays are read to find out whether there is one or several. #}
{% macro displays_of_others(interactions, own, displays) %}
strays as (

    select
        item_event_id,
        proposition_id,
        case when position is not null then offer_id end as offer_id,
        latest_display_ts
    from {{ interactions }}
    where
        item_event_id not in (select item_event_id from {{ own }})
        and (offer_id is not null or position is null)

),

foreign_events as (

    select
        wanted.proposition_id,
        wanted.offer_id,
        displays.event_id,
        min(displays.event_ts) as event_ts
    from (select distinct proposition_id, offer_id from strays) as wanted
    inner join {{ displays }} as displays
        on wanted.proposition_id = displays.proposition_id
        and (wanted.offer_id = displays.offer_id or wanted.offer_id is null)
    group by 1, 2, 3

),

first_events as (

    select
        *,
        lead(event_ts) over (partition by proposition_id, offer_id order by event_ts, event_id) as next_ts
    from foreign_events
    qualify row_number() over (partition by proposition_id, offer_id order by event_ts, event_id) = 1

),

adopted as (

    select
        strays.item_event_id,
        case when coalesce(first_events.next_ts > strays.latest_display_ts, true) then displays.display_id end as display_id
    from strays
    inner join first_events
        on strays.proposition_id = first_events.proposition_id
        and strays.offer_id is not distinct from first_events.offer_id
        and strays.latest_display_ts >= first_events.event_ts
    inner join {{ displays }} as displays
        on first_events.event_id = displays.event_id
        and strays.proposition_id = displays.proposition_id
        and (strays.offer_id = displays.offer_id or strays.offer_id is null)
    qualify row_number() over (
        partition by strays.item_event_id, displays.offer_id
        order by displays.position, displays.display_id
    ) = 1

),
{%- endmacro %}
