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

-- A proposition without items is one row without an item.
items as (

    select
        * exclude (proposition),
        proposition.id as proposition_id,
        proposition.partId as part_id,
        {{ xdm_scope_id("proposition") }} as scope_id,
        {{ xdm_activity_id("proposition") }} as activity_id,
        {{ xdm_placement_id("proposition") }} as placement_id,
        {{ xdm_ranking_traffic_type("proposition") }} as proposition_traffic_type,
        unnest(case when len(proposition.items) > 0 then proposition.items else [null] end) as item,
        generate_subscripts(case when len(proposition.items) > 0 then proposition.items else [null] end, 1) as item_number
    from propositions

),

tokened as (

    select
        *,
        {{ is_named_by("tokens", "item.id", xdm_item_tokens("item")) }} as is_named
    from items
    where tokens is not null

),

-- If the action names tokens that items carry, only those items were displayed or acted on. Few events have tokens.
acted_on as (

    select * from items where tokens is null
    union all
    select * exclude (is_named) replace (
        case when not bool_or(is_named) over (partition by event_id) then tokens end as tokens
    )
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
        nullif(part_id, '') as part_id,
        {{ plain_id("nullif(trim(item.id), '')") }} as offer_id,
        coalesce(nullif(activity_id, ''), 'default') as activity_id,
        coalesce(nullif(scope_id, ''), 'default') as scope_id,
        coalesce(nullif(placement_id, ''), 'default') as placement_id,
        case when item is not null then item_number::int end as position,
        {{ xdm_traffic_type("coalesce(" ~ xdm_item_traffic_type("item") ~ ", proposition_traffic_type)") }} as traffic_type,
        {{ xdm_item_propensity("item") }} as propensity,
        {{ xdm_item_tokens("item") }} as item_tokens,
        tokens as unmatched_tokens,
        context_text,
        event_values,
        source_file,
        load_id
    from acted_on

)

select * from final
