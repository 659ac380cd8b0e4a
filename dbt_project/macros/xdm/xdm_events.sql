{# CTEs from `lines` to `spelled`: the events of each line, with the list `fields` of their texts (xdm_fields) in the
   spelling that the event uses. `event_number` is the place of an event in its envelope; NULL for a plain event. #}
{% macro xdm_spelled_events(lines, paths) %}
opened as (

    select
        *,
        {{ xdm_enveloped_events("line") }} as enveloped
    from {{ lines }}

),

-- An envelope may contain several events; a plain event is a whole line.
unpacked as (

    select
        * exclude (enveloped),
        coalesce(unnest(case when enveloped is null then [null] else enveloped end), line) as event,
        case when enveloped is not null then generate_subscripts(enveloped, 1) end as event_number
    from opened

),

events as (

    select
        *,
        {{ is_json_object("event") }} as is_object
    from unpacked

),

extracted as (

    select
        *,
        case when is_object and {{ xdm_may_be_modern("event") }} then {{ xdm_fields("event", paths, "modern") }} end as modern_fields
    from events

),

respelled as (

    select
        *,
        case when is_object and modern_fields[2] is null then {{ xdm_fields("event", paths, "namespaced") }} end as other_fields
    from extracted

),

spelled as (

    select
        * exclude (modern_fields, other_fields),
        {{ xdm_own_fields("modern_fields", "other_fields") }} as fields
    from respelled

),
{%- endmacro %}
