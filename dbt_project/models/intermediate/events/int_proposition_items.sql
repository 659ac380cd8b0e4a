{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_xdm__events'), none]]) }}",
) }}

{%- set since = first_changed_day([[ref("stg_xdm__events"), none]]) %}

with events as (

    select *
    from {{ ref("int_events") }}
    where
        propositions is not null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

propositions as (

    select
        * exclude (propositions),
        unnest(propositions) as proposition,
        generate_subscripts(propositions, 1) as proposition_number
    from events

),

items as (

    select
        * exclude (proposition),
        proposition.id as proposition_id,
        {{ xdm_scope_id("proposition") }} as scope_id,
        {{ xdm_activity_id("proposition") }} as activity_id,
        {{ xdm_placement_id("proposition") }} as placement_id,
        {{ xdm_ranking_traffic_type("proposition") }} as proposition_traffic_type,
        unnest(proposition.items) as item,
        generate_subscripts(proposition.items, 1) as item_number
    from propositions

),

tokened as (

    select
        *,
        {{ xdm_names_item("tokens", "item") }} as is_named
    from items
    where tokens is not null and event_kind <> 'display'

),

-- Where the action names tokens that items carry, only those items were acted on. Few events name any.
acted_on as (

    select *
    from items
    where tokens is null or event_kind = 'display'
    union all
    select * exclude (is_named)
    from tokened
    qualify is_named or not bool_or(is_named) over (partition by event_id)

),

final as (

    select
        event_id || ':' || proposition_number || ':' || item_number as item_event_id,
        event_id,
        event_ts,
        event_date,
        event_type,
        event_kind,
        profile_id,
        request_id,
        coalesce(nullif(proposition_id, ''), event_id || ':' || proposition_number) as proposition_id,
        nullif(item.id, '') as offer_id,
        coalesce(nullif(activity_id, ''), 'default') as activity_id,
        coalesce(nullif(scope_id, ''), 'default') as scope_id,
        coalesce(nullif(placement_id, ''), 'default') as placement_id,
        item_number::int as position,
        lower(coalesce({{ xdm_item_traffic_type("item") }}, proposition_traffic_type)) as traffic_type,
        {{ xdm_item_propensity("item") }} as propensity,
        context_text,
        event_values,
        source_file,
        load_id
    from acted_on

)

select * from final
