{# Maximum length of a line. Longer lines are rejected. #}
{% macro longest_line_bytes() %}{{ return(134217728) }}{% endmacro %}

{# One row per line of text files: `line` (NULL for a blank one) and `filename`. Lines that are not UTF-8 go to the
   temporary table `rejects_<input_name>`, which `keep_rejected_lines` stores. #}
{% macro read_lines(files, input_name, encoding="utf-8", compression="auto") -%}
    read_csv(
        {{ file_list(files) }},
        columns = {'line': 'varchar'},
        header = false,
        auto_detect = false,
        delim = '\x01',
        quote = '',
        escape = '',
        filename = true,
        encoding = '{{ encoding }}',
        compression = '{{ compression }}',
        strict_mode = false,
        max_line_size = {{ longest_line_bytes() }},
        buffer_size = {{ longest_line_bytes() }},
        ignore_errors = true,
        store_rejects = true,
        rejects_table = 'rejects_{{ input_name }}',
        rejects_scan = 'rejects_scan_{{ input_name }}'
    )
{%- endmacro %}

{# Creates the table of lines that the engine could not read, for all inputs. It is not a dbt model: post-hooks fill it in
   the transaction of the model that read the file. #}
{% macro create_rejected_lines() %}
    create table if not exists {{ target.schema }}.raw_rejected_lines (
        input_name varchar,
        source_file varchar,
        file_version varchar,
        line_number bigint,
        reason varchar,
        raw_text varchar,
        records bigint default 1
    );
    alter table {{ target.schema }}.raw_rejected_lines add column if not exists records bigint default 1
{% endmacro %}

{# Post-hook that stores the lines which the reader of an input refused. #}
{% macro keep_rejected_lines(input_name) %}
    {%- set files = ref("stg_raw_files") -%}
    {%- if execute -%}
        {%- set filled = query_rows(
            "select 1 as found from duckdb_tables() where temporary and table_name = 'rejects_" ~ input_name ~ "'"
        ) -%}
        {%- if filled %}
            delete from {{ target.schema }}.raw_rejected_lines
            where
                input_name = '{{ input_name }}'
                and source_file in (
                    select distinct {{ source_file("file_path") }} from rejects_scan_{{ input_name }}
                );
            insert into {{ target.schema }}.raw_rejected_lines
                (input_name, source_file, file_version, line_number, reason, raw_text)
            select
                '{{ input_name }}' as input_name,
                {{ source_file("scans.file_path") }} as source_file,
                min(files.file_version) as file_version,
                errors.line as line_number,
                case min(errors.error_type)
                    when 'INVALID ENCODING' then 'not UTF-8'
                    when 'TOO MANY COLUMNS' then 'more columns than the header'
                    when 'MISSING COLUMNS' then 'fewer columns than the header'
                    when 'UNQUOTED VALUE' then 'a quote is not closed'
                    when 'LINE SIZE OVER MAXIMUM' then 'line too long'
                    else lower(min(errors.error_type)::varchar)
                end as reason,
                left(trim(min(errors.csv_line), chr(10) || chr(13)), 2000) as raw_text
            from rejects_{{ input_name }} as errors
            inner join rejects_scan_{{ input_name }} as scans
                on errors.scan_id = scans.scan_id and errors.file_id = scans.file_id
            inner join {{ files }} as files
                on files.input_name = '{{ input_name }}' and scans.file_path = files.filename
            group by scans.file_path, errors.line;
            {{ correct_line_numbers(input_name) }}
            drop table rejects_{{ input_name }};
            drop table rejects_scan_{{ input_name }}
        {%- else -%}
            select 1
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
