{# The lines of text files with their `place` among those of all files, and whether a line `is_first` in its file. One reader
   for all files, because each reader keeps a buffer of the longest line. Only long texts are cut,
   because cutting every text would take as long as reading it. #}
{% macro placed_lines(files) %}
    {%- if files %}
    select
        {{ source_file() }} as source_file,
        case when length(line) > 2000 then left(line, 2000) else coalesce(line, '') end as raw_text,
        row_number() over () as place,
        lag(filename) over () is distinct from filename as is_first
    from {{ read_lines(files, "again") }}
    {%- else %}
    select
        null::varchar as source_file,
        null::varchar as raw_text,
        null::bigint as place,
        null::boolean as is_first
    where false
    {%- endif %}
{% endmacro %}

{# First line of each record of a CSV file: `record_number` as the engine counts (header and blank lines included),
   `line_number` in the file, and `is_blank`. A line break inside quotes does not start a record. Reads the lines that
   are not UTF-8 from `rejects_dialect`, which `csv_dialect` fills. #}
{% macro csv_record_lines(path, dialect) %}
    select
        line_number,
        is_blank,
        row_number() over (order by line_number) as record_number
    from (
        select
            line_number,
            coalesce(trim(line), '') = '' as is_blank,
            coalesce(
                sum(strlen(line) - strlen(replace(line, '"', ''))) over (
                    order by line_number rows between unbounded preceding and 1 preceding
                ),
                0
            ) as quotes_before
        from (
            select
                readable.line,
                readable.place + (select count(*) from unreadable where unreadable.kept_before < readable.place) as line_number
            from (select line, row_number() over () as place from {{ csv_text(path, dialect, "numbering") }}) as readable
            union all
            select
                'not UTF-8' as line,
                kept_before + place as line_number
            from unreadable
        )
    )
    where quotes_before % 2 = 0
{% endmacro %}

{# Post-hook that corrects the line numbers of rejected CSV records, which the reader numbers among the records that it
   kept. Reads only files with a rejected record. #}
{% macro correct_line_numbers(input_name) %}
    {%- set sql -%}
        select distinct scans.file_path as path
        from rejects_scan_{{ input_name }} as scans
        where
            exists (
                select 1 from rejects_{{ input_name }} as errors
                where errors.scan_id = scans.scan_id and errors.file_id = scans.file_id
            )
            or exists (
                select 1 from {{ this }} as rows
                where rows.source_file = {{ source_file("scans.file_path") }} and rows.reject_reason is not null
            )
    {%- endset -%}
    {%- for path in query_rows(sql) | map(attribute="path") if raw_file_kind(path) == "csv" -%}
        {%- set dialect = csv_dialect(path) -%}
        {%- do query_rows("drop table if exists csv_record_lines_" ~ loop.index) -%}
        {%- set numbers -%}
            create temporary table csv_record_lines_{{ loop.index }} as
            with unreadable as (
                select
                    line - row_number() over (order by line) as kept_before,
                    row_number() over (order by line) as place
                from (select distinct line from rejects_dialect)
            ),
            refused as (
                select distinct errors.line as record_number, errors.error_type, errors.csv_line
                from rejects_{{ input_name }} as errors
                inner join rejects_scan_{{ input_name }} as scans
                    on errors.scan_id = scans.scan_id and errors.file_id = scans.file_id
                where scans.file_path = {{ quoted(path) }}
            ),
            records as ({{ csv_record_lines(path, dialect) }})
            select
                records.*,
                refused.record_number is not null as is_refused,
                coalesce(
                    refused.error_type in ('UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM')
                    and contains(trim(refused.csv_line, chr(10) || chr(13)), chr(10)),
                    false
                ) as is_unclosed,
                count(*) filter (where not is_blank and refused.record_number is null) over (order by records.record_number)
                - {{ dialect["skip"] }} as kept_number
            from records
            left join refused on records.record_number = refused.record_number
        {%- endset -%}
        {%- do query_rows(numbers) -%}
        {%- for row in query_rows("select min(line_number) as line_number from csv_record_lines_" ~ loop.index ~ " where is_unclosed having count(*) > 0") -%}
            {{ unclosed_quote_error(path, row["line_number"]) }}
        {%- endfor %}
        update {{ this }}
        set line_number = places.line_number
        from csv_record_lines_{{ loop.index }} as places
        where
            {{ this }}.source_file = {{ source_file(quoted(path)) }}
            and {{ this }}.reject_reason is not null
            and {{ this }}.line_number = places.kept_number
            and not places.is_blank
            and not places.is_refused
            -- Quotes inside unquoted text can mislead the count; such a record keeps the number of the reader.
            and (select max(kept_number) from csv_record_lines_{{ loop.index }})
            = (select count(*) + 1 from {{ this }} as kept where kept.source_file = {{ source_file(quoted(path)) }} and kept.line_number > 0);
        update {{ target.schema }}.raw_rejected_lines
        set line_number = places.line_number
        from csv_record_lines_{{ loop.index }} as places
        where
            input_name = '{{ input_name }}'
            and source_file = {{ source_file(quoted(path)) }}
            and raw_rejected_lines.line_number = places.record_number
            and places.is_refused;
    {%- endfor -%}
{% endmacro %}
