{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_xdm__events'), none]], days_before=1) }}",
) }}

{%- set since = first_changed_day([[ref("stg_xdm__events"), none]], days_before=1) %}

with bare as (

    select *
    from {{ ref("int_proposition_items") }}
    where
        event_kind = 'display'
        and position is null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

-- Items that other events name for these propositions: the decision, another display, a click.
lenders as (

    select *
    from {{ ref("int_proposition_items") }}
    where
        offer_id is not null
        and proposition_id in (select proposition_id from bare)

),

lending_events as (

    select
        proposition_id,
        profile_id,
        event_id,
        min(event_ts) as event_ts
    from lenders
    group by 1, 2, 3

),

-- The latest event of the person that names the items is used.
own as (

    select
        bare.item_event_id,
        lending_events.event_id as lender_id
    from bare
    inner join lending_events
        on bare.profile_id = lending_events.profile_id
        and bare.proposition_id = lending_events.proposition_id
        and lending_events.event_ts <= {{ latest_display_ts("bare.event_ts") }}
    qualify row_number() over (
        partition by bare.item_event_id
        order by lending_events.event_ts desc, lending_events.event_id
    ) = 1

),

-- A proposition has the same items for everybody, so without an event of the person, the first event of anybody is
-- used.
first_events as (

    select
        proposition_id,
        event_id,
        event_ts
    from lending_events
    qualify row_number() over (partition by proposition_id order by event_ts, event_id) = 1

),

lent as (

    select
        bare.*,
        coalesce(own.lender_id, first_events.event_id) as lender_id
    from bare
    left join own on bare.item_event_id = own.item_event_id
    left join first_events
        on bare.proposition_id = first_events.proposition_id
        and first_events.event_ts <= {{ latest_display_ts("bare.event_ts") }}

),

named as (

    select
        lent.*,
        lenders.part_id as lent_part_id,
        lenders.offer_id as lent_offer_id,
        lenders.activity_id as lent_activity_id,
        lenders.scope_id as lent_scope_id,
        lenders.placement_id as lent_placement_id,
        lenders.position as lent_position,
        lenders.traffic_type as lent_traffic_type,
        lenders.propensity as lent_propensity,
        lenders.item_tokens as lent_tokens,
        {{ is_named_by("lent.unmatched_tokens", "lenders.offer_id", "lenders.item_tokens") }} as is_named
    from lent
    inner join lenders on lent.lender_id = lenders.event_id and lent.proposition_id = lenders.proposition_id
    qualify row_number() over (
        partition by lent.item_event_id, lenders.part_id, lenders.position
        order by lenders.item_event_id
    ) = 1

),

-- The row without an item has number 1; its items have the order of the other event.
numbered as (

    select
        *,
        row_number() over (partition by item_event_id order by lent_position, lent_part_id) as item_number
    from named

),

final as (

    select
        left(item_event_id, length(item_event_id) - 1) || item_number as item_event_id,
        event_id,
        event_ts,
        event_date,
        profile_id,
        proposition_id,
        lent_part_id as part_id,
        lent_offer_id as offer_id,
        coalesce(nullif(activity_id, 'default'), lent_activity_id) as activity_id,
        coalesce(nullif(scope_id, 'default'), lent_scope_id) as scope_id,
        coalesce(nullif(placement_id, 'default'), lent_placement_id) as placement_id,
        lent_position as position,
        coalesce(traffic_type, lent_traffic_type) as traffic_type,
        lent_propensity as propensity,
        lent_tokens as item_tokens,
        context_text,
        source_file,
        load_id
    from numbered
    qualify is_named or not bool_or(is_named) over (partition by item_event_id)

)

select * from final
