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
    from {{ ref("stg_rejected_lines") }}

),

events as (

    select
        'experience_events' as input_name,
        source_file,
        line_number,
        reason,
        raw_text
    from {{ ref("int_rejected_events") }}

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
    select * from events
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
