{# True if the first line of a .json file is an object, or most of the first lines are; false if it is a single document. #}
{% macro json_file_has_lines(path, input_name) %}
    {%- set rows = query_rows(
        "select coalesce(first(" ~ is_json_object("line") ~ "), false) or 2 * count(*) filter (where "
        ~ is_json_object("line") ~ ") > count(*) as has_lines from (select line from "
        ~ read_lines([path], "probe_" ~ input_name) ~ " where trim(line) <> '' limit 20)"
    ) -%}
    {{ return(rows | length > 0 and rows[0]["has_lines"]) }}
{% endmacro %}

{# One row per JSON record of the files, as text: `line` (NULL for a blank line), `filename` (for pruning by file),
   `source_file`, `line_number` (if the reader provides it). Lines may be invalid
   JSON. Bytes of a document that are not UTF-8 become \xFF, which is not valid JSON. #}
{% macro read_documents(input_name, files) %}
    {%- set lines, documents, parquet, parts = [], [], [], [] -%}
    {%- for path in files -%}
        {%- set kind = raw_file_kind(path) -%}
        {%- if kind == "lines" or (kind == "json" and json_file_has_lines(path, input_name)) -%}
            {%- do lines.append(path) -%}
        {%- elif kind == "json" -%}
            {%- do documents.append(path) -%}
        {%- elif kind == "parquet" -%}
            {%- do parquet.append(path) -%}
        {%- elif kind == "table" -%}
            {%- do parts.append(read_table_documents(path)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if lines -%}
        {%- set part -%}
        select
            line,
            filename,
            {{ source_file() }} as source_file,
            null::bigint as line_number
        from {{ read_lines(lines, input_name) }}
        {%- endset -%}
        {%- do parts.append(part) -%}
    {%- endif -%}
    {%- if documents -%}
        {%- set part -%}
        select
            unnest(
                case
                    when {{ is_json_array("content") }} then json_extract(content, '$[*]')::varchar[]
                    else [content]
                end
            ) as line,
            filename,
            {{ source_file() }} as source_file,
            1::bigint as line_number
        from (
            select
                filename,
                coalesce(try(decode(content)), replace(content::varchar, '\x22', '"')) as content
            from read_blob({{ file_list(documents) }})
        )
        {%- endset -%}
        {%- do parts.append(part) -%}
    {%- endif -%}
    {%- if parquet -%}
        {%- set part -%}
        select
            to_json(records)::varchar as line,
            filename,
            {{ source_file() }} as source_file,
            file_row_number + 1 as line_number
        from read_parquet({{ file_list(parquet) }}, union_by_name = true, filename = true, file_row_number = true) as records
        {%- endset -%}
        {%- do parts.append(part) -%}
    {%- endif -%}
    {%- if not parts -%}
        {%- set part -%}
        select
            null::varchar as line,
            null::varchar as filename,
            null::varchar as source_file,
            null::bigint as line_number
        where false
        {%- endset -%}
        {%- do parts.append(part) -%}
    {%- endif -%}
    {{ return(parts | join("\nunion all\n")) }}
{% endmacro %}
