with unsupported_files as (

    select
        input_name,
        source_file,
        null::bigint as line_number,
        'file kind not read' as reason,
        null::varchar as raw_text,
        null::bigint as records
    from {{ ref("stg_raw_files") }}
    where file_kind is null

),

unreadable_lines as (

    select
        input_name,
        source_file,
        line_number,
        reason,
        raw_text,
        records
    from {{ ref("stg_rejected_lines") }}

),

events as (

    select
        'experience_events' as input_name,
        source_file,
        line_number,
        reason,
        raw_text,
        1 as records
    from {{ ref("int_rejected_events") }}

),

staged as (
    {%- for input_name, model, moment in [
        ("displays", "stg_flat__displays", "event_ts"),
        ("segment_memberships", "stg_segment_memberships", "qualified_at"),
        ("offers", "stg_offers", "null"),
    ] %}

    select
        '{{ input_name }}' as input_name,
        source_file,
        line_number,
        reject_reason as reason,
        raw_text,
        1 as records
    from {{ ref(model) }}
    where
        reject_reason is not null
        and coalesce({{ moment }}, {{ as_of() }}) <= {{ as_of() }}
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

unioned as (

    select * from unsupported_files
    union all
    select * from unreadable_lines
    union all
    select * from events
    union all
    select * from staged

),

numbered as (

    select
        *,
        row_number() over (
            partition by input_name, source_file, reason order by line_number nulls last, raw_text
        ) as place
    from unioned

),

-- Of each file and reason, what comes behind the first rows is counted.
bounded as (

    select
        input_name,
        source_file,
        case when place <= {{ most_rejected_rows() }} then line_number end as line_number,
        reason,
        case when place <= {{ most_rejected_rows() }} then raw_text end as raw_text,
        sum(records)::bigint as records
    from numbered
    group by 1, 2, 3, 4, 5, least(place, {{ most_rejected_rows() }} + 1)

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
        raw_text,
        records
    from bounded

)

select * from final
