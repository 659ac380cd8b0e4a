{{ config(materialized="view") }}

with lines as (

    select
        source_file,
        line_number,
        reject_reason as reason,
        raw_text
    from {{ ref("int_rejected_lines") }}
    where coalesce(event_ts, {{ as_of() }}) <= {{ as_of() }}

),

documents as (

    select
        source_file,
        line_number,
        reject_reason as reason,
        raw_text
    from {{ ref("stg_xdm__events") }}
    where
        reject_reason is not null
        and line_number is not null
        and coalesce(event_ts, {{ as_of() }}) <= {{ as_of() }}

),

items as (

    select
        items.source_file,
        null::bigint as line_number,
        case
            when items.position is null then 'display without items: send the id of each displayed item'
            else 'item without id'
        end as reason,
        'event ' || items.event_id || ', proposition ' || items.proposition_id
        || coalesce(', item ' || items.position, '') as raw_text
    from {{ ref("int_proposition_items") }} as items
    where
        items.offer_id is null
        and items.event_ts <= {{ as_of() }}
        and (
            items.position is not null
            or items.event_kind = 'display'
            and (items.event_id, items.proposition_id) not in (
                select (event_id, proposition_id) from {{ ref("int_borrowed_items") }}
            )
        )

),

interactions as (

    select
        source_file,
        null::bigint as line_number,
        reject_reason as reason,
        'event ' || event_id || ', proposition ' || proposition_id || coalesce(', offer ' || offer_id, '') as raw_text
    from {{ ref("int_attributed_interactions") }}
    where
        reject_reason is not null
        and event_ts <= {{ as_of() }}

),

amounts as (

    select distinct
        events.source_file,
        null::bigint as line_number,
        {{ amount_defect(map_value("events.event_values", "strategies.value_path")) }} as reason,
        'event ' || events.event_id || ', ' || strategies.value_path || ': '
        || {{ map_value("events.event_values", "strategies.value_path") }} as raw_text
    from {{ ref("int_events") }} as events
    inner join {{ ref("stg_ranking_strategies") }} as strategies
        on strategies.outcome_type = 'continuous'
        and {{ counts_as_success("strategies.success_event_types", "events.event_type", "events.event_kind") }}
    where
        events.event_values is not null
        and events.event_ts <= {{ as_of() }}
        and {{ amount_defect(map_value("events.event_values", "strategies.value_path")) }} is not null

),

final as (

    select * from lines
    union all
    select * from documents
    union all
    select * from items
    union all
    select * from interactions
    union all
    select * from amounts

)

select * from final
