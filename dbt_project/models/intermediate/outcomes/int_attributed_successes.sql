with success_events as (

    select
        strategy_id,
        outcome_type,
        value_path,
        window_hours,
        unnest(success_event_types) as event_type
    from {{ ref("stg_ranking_strategies") }}

),

-- The event types of a click and of a dismissal stand for all events of that kind, whatever their own eventType.
strategies as (

    select
        *,
        case event_type
            when 'decisioning.propositionInteract' then 'interact'
            when 'decisioning.propositionDismiss' then 'dismiss'
        end as interaction_kind
    from success_events

),

displays as (

    select * from {{ ref("int_strategy_displays") }} where source = 'xdm'

),

interactions as (

    select *
    from {{ ref("int_attributed_interactions") }}
    where
        display_id is not null
        and event_ts <= {{ as_of() }}

),

-- An event belongs to the display of the proposition that it names, or to one of them if it names several.
by_proposition as (

    select
        displays.strategy_id,
        displays.display_id,
        interactions.event_id as success_id,
        greatest(interactions.event_ts, displays.event_ts) as success_ts,
        {{ success_value("strategies", "interactions.event_values") }} as value
    from interactions
    inner join strategies
        on interactions.event_type = strategies.event_type
        or interactions.interaction_kind = strategies.interaction_kind
    inner join displays
        on strategies.strategy_id = displays.strategy_id
        and interactions.display_id = displays.display_id
    where interactions.event_ts <= displays.window_closes_at
    qualify row_number() over (
        partition by displays.strategy_id, interactions.event_id
        order by displays.event_ts desc, displays.position, displays.display_id
    ) = 1

),

-- Custom events that name no displayed proposition.
custom_events as (

    select events.*
    from {{ ref("int_events") }} as events
    anti join interactions on events.event_id = interactions.event_id
    where
        {{ is_conversion("events") }}
        and events.event_ts <= {{ as_of() }}

),

-- The ids of the person of each event that were known at its time.
people as (

    select
        event_id,
        profile_id
    from custom_events
    union all
    select
        custom_events.event_id,
        links.other_profile_id as profile_id
    from custom_events
    inner join {{ ref("int_identity_links") }} as links
        on custom_events.profile_id = links.profile_id
        and links.known_from <= custom_events.event_ts

),

-- They belong to the last display to the person before them, at the first position if several were shown at once.
-- Displays that the event itself reports come after it.
by_last_touch as (

    select
        displays.strategy_id,
        displays.display_id,
        custom_events.event_id as success_id,
        custom_events.event_ts as success_ts,
        {{ success_value("strategies", "custom_events.event_values") }} as value
    from custom_events
    inner join people on custom_events.event_id = people.event_id
    inner join strategies on custom_events.event_type = strategies.event_type
    inner join displays
        on strategies.strategy_id = displays.strategy_id
        and people.profile_id = displays.profile_id
        and custom_events.event_id is distinct from displays.event_id
        and custom_events.event_ts >= displays.event_ts
        and custom_events.event_ts <= displays.window_closes_at
    qualify row_number() over (
        partition by displays.strategy_id, custom_events.event_id
        order by displays.event_ts desc, displays.position, displays.display_id
    ) = 1

),

-- A success whose amount cannot be read is rejected.
final as (

    select * from by_proposition where value is not null
    union all
    select * from by_last_touch where value is not null

)

select * from final
