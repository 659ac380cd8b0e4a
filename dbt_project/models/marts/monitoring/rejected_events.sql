with unsupported_files as (

    select
        input_name,
        source_file,
        null::bigint as line_number,
        'file kind not read' as reason,
        null::varchar as raw_text
    from {{ ref("stg_raw_files") }}
    where file_kind is null

),

unreadable_lines as (

    select
        input_name,
        source_file,
        line_number,
        reason,
        raw_text
    from {{ source("raw", "raw_rejected_lines") }}

),

lines as (

    select
        'experience_events' as input_name,
        source_file,
        line_number,
        reject_reason as reason,
        raw_text
    from {{ ref("int_rejected_lines") }}
    where coalesce(event_ts, {{ as_of() }}) <= {{ as_of() }}

),

documents as (

    select
        'experience_events' as input_name,
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

empty_propositions as (

    select
        'experience_events' as input_name,
        source_file,
        null::bigint as line_number,
        'proposition without items' as reason,
        'event ' || event_id as raw_text
    from {{ ref("int_events") }}
    where
        len(list_filter(propositions, lambda proposition: coalesce(len(proposition.items), 0) = 0)) > 0
        and event_ts <= {{ as_of() }}

),

nameless_items as (

    select
        'experience_events' as input_name,
        source_file,
        null::bigint as line_number,
        'item without id' as reason,
        'event ' || event_id || ', proposition ' || proposition_id || ', item ' || position as raw_text
    from {{ ref("int_proposition_items") }}
    where
        offer_id is null
        and event_ts <= {{ as_of() }}

),

orphans as (

    select
        'experience_events' as input_name,
        source_file,
        null::bigint as line_number,
        'no display for this interaction' as reason,
        'event ' || event_id || ', proposition ' || proposition_id || ', offer ' || offer_id as raw_text
    from {{ ref("int_attributed_interactions") }}
    where
        display_id is null
        and offer_id is not null
        and interaction_kind in ('interact', 'dismiss')
        and event_ts <= {{ as_of() }}

),

flat as (

    select
        'displays' as input_name,
        source_file,
        line_number,
        reject_reason as reason,
        raw_text
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is not null
        and coalesce(event_ts, {{ as_of() }}) <= {{ as_of() }}

),

memberships as (

    select
        'segment_memberships' as input_name,
        source_file,
        line_number,
        reject_reason as reason,
        raw_text
    from {{ ref("stg_segment_memberships") }}
    where
        reject_reason is not null
        and coalesce(qualified_at, {{ as_of() }}) <= {{ as_of() }}

),

offers as (

    select
        'offers' as input_name,
        source_file,
        line_number,
        reject_reason as reason,
        raw_text
    from {{ ref("stg_offers") }}
    where reject_reason is not null

),

unioned as (

    select * from unsupported_files
    union all
    select * from unreadable_lines
    union all
    select * from lines
    union all
    select * from documents
    union all
    select * from empty_propositions
    union all
    select * from nameless_items
    union all
    select * from orphans
    union all
    select * from flat
    union all
    select * from memberships
    union all
    select * from offers

),

final as (

    select
        row_number() over (
            order by input_name, source_file, line_number, reason, raw_text
        ) as rejection_id,
        input_name,
        source_file,
        line_number,
        reason,
        raw_text
    from unioned

)

select * from final
