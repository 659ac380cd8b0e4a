{# The capping rules with the start of their periods (periods), and the events that they count up to as_of (counted). #}
{% macro capping_events() %}
with rules as (

    select * from {{ ref("stg_capping_rules") }}

),

periods as (

    select
        *,
        row_number() over (
            order by offer_id, capping_event, capping_type, capping_limit, period, period_count, placement_id
        ) as rule_number,
        -- Counters start again at 00:00 UTC of the period's first day; n periods are the current one and the n - 1 before it.
        coalesce(
            {{ periods_before(period_start(as_of(), "period"), "period", "period_count - 1") }},
            timestamp '1900-01-01'
        ) as counted_from
    from rules

),

-- A flat display counts as a decision too, and as a click if it was clicked.
displays as (

    select
        unnest(
            case
                when source = 'flat' and is_clicked then ['impression', 'decision', 'click']
                when source = 'flat' then ['impression', 'decision']
                else ['impression']
            end
        ) as capping_event,
        profile_id,
        offer_id,
        placement_id,
        event_ts
    from {{ ref("int_displays") }}
    where
        event_ts <= {{ as_of() }}
        and offer_id in (select offer_id from rules)

),

item_events as (

    select
        case interaction_kind
            when 'interact' then 'click'
            when 'decision' then 'decision'
            else event_type
        end as capping_event,
        profile_id,
        offer_id,
        placement_id,
        event_ts
    from {{ ref("int_attributed_interactions") }}
    where
        event_ts <= {{ as_of() }}
        and offer_id in (select offer_id from rules)

),

naming_offers as (

    select event_id
    from {{ ref("int_attributed_interactions") }}
    where
        interaction_kind = 'custom'
        and offer_id is not null

),

-- A custom event that names no offer counts for each offer with a rule on its type.
custom_events as (

    select
        events.event_type as capping_event,
        events.profile_id,
        null::varchar as offer_id,
        null::varchar as placement_id,
        events.event_ts
    from {{ ref("int_events") }} as events
    anti join naming_offers on events.event_id = naming_offers.event_id
    where
        {{ is_conversion("events") }}
        and events.event_ts <= {{ as_of() }}
        and events.event_type in (select capping_event from rules)

),

counted as (

    select * from displays
    union all
    select * from item_events
    union all
    select * from custom_events

),
{% endmacro %}
