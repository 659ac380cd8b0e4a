{# How an interaction finds its display. #}

{# Whether tokens of an action name an item, by its id or by a token that stands for it. #}
{% macro is_named_by(tokens, offer_id, item_tokens) -%}
    coalesce({{ in_list(tokens, offer_id) }}, false) or coalesce({{ lists_overlap(tokens, item_tokens) }}, false)
{%- endmacro %}

{# The end of the time in which a display may arrive after the click on it: clocks of servers differ, and pages send a
   display when it is rendered. #}
{% macro latest_display_ts(event_ts) -%}
    {{ add_hours(event_ts, late_display_seconds() ~ " / 3600.0") }}
{%- endmacro %}

{% macro late_display_seconds() %}{{ return(10) }}{% endmacro %}

{# Whether an event counts by its type: it is custom, or of a type of its own and reports displays beside. #}
{% macro is_conversion(events) -%}
    (
        {{ events }}.event_kind = 'custom'
        or {{ events }}.event_kind = 'display' and {{ events }}.event_values is not null
    )
{%- endmacro %}

{# CTEs up to `adopted`: displays of other people for the interactions that `own` does not match. They count only if
   exactly one fits; display_id is NULL where several do. Propositions may be everybody's: the first two displays tell
   whether there is one only. #}
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
