{# One row per record of an input, whatever its files are: every wanted column as text, where it came from, and
   `raw_line`, the text of a record that was a line of JSON.

   columns: the wanted columns; those no file has are NULL.
   required: columns without which a CSV or Parquet file is refused by name.
   spellings: column -> its other name in JSON.
   Values are text so that a wrong one can be quarantined with what was written; staging models cast. #}
{% macro read_input(input_name, columns, required=[], spellings={}) %}
    {%- set parts = [] -%}
    {%- for path in raw_files(input_name) -%}
        {%- set kind = raw_file_kind(path) -%}
        {%- if kind in ("csv", "parquet") -%}
            {%- do parts.append(read_columns(input_name, path, kind, columns, required)) -%}
        {%- elif kind in ("lines", "json") -%}
            {%- do parts.append(read_records(input_name, path, columns, spellings)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not parts and var("raw_schema", "") -%}
        {%- set table = adapter.get_relation(database=target.database, schema=var("raw_schema"), identifier=input_name) -%}
        {%- if table -%}
            {%- do parts.append(read_table(input_name, table, columns, required)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if not parts -%}
        {%- do parts.append(no_records(columns)) -%}
    {%- endif -%}
    {{ return(parts | join("\nunion all\n")) }}
{% endmacro %}

{% macro no_records(columns) %}
    select
        {%- for column in columns %}
        null::varchar as "{{ column }}",
        {%- endfor %}
        null::varchar as raw_line,
        null::varchar as source_file,
        null::bigint as line_number
    where false
{% endmacro %}

{# Columns of a query with their types, {name: type}. #}
{% macro described(query) %}
    {%- set types = {} -%}
    {%- for row in query_rows("describe " ~ query) -%}
        {%- do types.update({row["column_name"]: row["column_type"]}) -%}
    {%- endfor -%}
    {{ return(types) }}
{% endmacro %}

{# Stops with the file, the column and what the file has, where a required column is missing. #}
{% macro require_columns(source_name, types, required) %}
    {%- for column in required if execute and column not in types -%}
        {{ exceptions.raise_compiler_error(
            "[input] " ~ source_name ~ ": column " ~ column ~ " is missing; the file has " ~ (types.keys() | join(", "))
        ) }}
    {%- endfor -%}
{% endmacro %}

{# A column as text; lists and structs as JSON. #}
{% macro as_text(column, type) -%}
    {%- if type.endswith("[]") or type.startswith("STRUCT") or type.startswith("MAP") -%}
        to_json("{{ column }}")::varchar
    {%- elif type.startswith("TIMESTAMP WITH TIME ZONE") -%}
        ("{{ column }}" at time zone 'UTC')::varchar
    {%- else -%}
        "{{ column }}"::varchar
    {%- endif -%}
{%- endmacro %}

{% macro typed_columns(types, columns) %}
        {%- for column in columns %}
        {% if column in types %}nullif(trim({{ as_text(column, types[column]) }}), ''){% else %}null::varchar{% endif %} as "{{ column }}",
        {%- endfor %}
{%- endmacro %}

{% macro read_columns(input_name, path, kind, columns, required) %}
    {%- set reader = file_reader(input_name, path, kind) -%}
    {%- set types = described("select * from " ~ reader) -%}
    {{- require_columns(path, types, required) -}}
    select
        {{- typed_columns(types, columns) }}
        null::varchar as raw_line,
        {{ source_file(quoted(path)) }} as source_file,
        {{ record_line_number(kind, types) }} as line_number
    from {{ reader }} as records
{% endmacro %}

{% macro read_table(input_name, table, columns, required) %}
    {%- set types = described("select * from " ~ table) -%}
    {{- require_columns(table | string, types, required) -}}
    select
        {{- typed_columns(types, columns) }}
        null::varchar as raw_line,
        {{ quoted("table " ~ table.identifier) }} as source_file,
        null::bigint as line_number
    from {{ table }} as records
{% endmacro %}

{% macro read_records(input_name, path, columns, spellings) %}
    {%- set paths = [] -%}
    {%- for column in columns -%}{%- do paths.append('$."' ~ column ~ '"') -%}{%- endfor -%}
    {%- for column in columns -%}{%- do paths.append('$."' ~ spellings.get(column, column) ~ '"') -%}{%- endfor -%}
    select
        {%- for column in columns %}
        nullif(trim(coalesce(fields[{{ loop.index }}], fields[{{ loop.index + columns | length }}])), '') as "{{ column }}",
        {%- endfor %}
        raw_line,
        source_file,
        line_number
    from (
        select
            case when json_valid(line) then json_extract_string(line, {{ quoted_list(paths) }}) end as fields,
            line as raw_line,
            source_file,
            coalesce(line_number, row_number() over ()) as line_number
        from ({{ read_documents(input_name, [path]) }})
    )
    where trim(raw_line) <> ''
{% endmacro %}
