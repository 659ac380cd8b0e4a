{{ config(materialized="view") }}

with lines as (

    select * from {{ source("raw", "raw_rejected_lines") }}

),

files as (

    select * from {{ ref("stg_raw_files") }}

),

refused as (

    {{ refused_files() }}

),

-- A replaced file loses its earlier rejections; a removed file keeps them.
unread_lines as (

    select
        lines.input_name,
        lines.source_file,
        lines.line_number,
        lines.reason,
        lines.raw_text,
        lines.records
    from lines
    left join files
        on lines.input_name = files.input_name and lines.source_file = files.source_file
    where files.file_version is null or lines.file_version = files.file_version

),

final as (

    select * from unread_lines
    union all
    select
        input_name,
        source_file,
        null::bigint as line_number,
        reason,
        null::varchar as raw_text,
        null::bigint as records
    from refused

)

select * from final
