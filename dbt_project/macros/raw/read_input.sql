{# One row per record of an input, from files of any kind: every wanted column as text, the file and line, and
   `raw_line`, the text of a JSON record.

   columns: the wanted columns; those no file has are NULL.
   required: columns without which a CSV or Parquet file is refused by name.
   spellings: column -> its other name in JSON.
   Values are text, so that a wrong value can be quarantined as it was written; staging models cast them. #}
{% macro read_input(input_name, columns, required=[], spellings={}) %}
    {%- set parts = [] -%}
    {%- for path in raw_files(input_name) -%}
        {%- set kind = raw_file_kind(path) -%}
        {%- if kind in ("csv", "parquet", "table") -%}
            {%- do parts.append(read_columns(input_name, path, kind, columns, required)) -%}
        {%- elif kind in ("lines", "json") -%}
            {%- do parts.append(read_records(input_name, path, columns, spellings)) -%}
        {%- endif -%}
    {%- endfor -%}
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

{# Stops with the file, the missing columns and the columns of the file, and suggests likely matches. #}
{% macro require_columns(source_name, matched, names, required) %}
    {{- require_few_columns(source_name, names | list) -}}
    {%- set missing, meant = [], [] -%}
    {%- for column in required if execute and column not in matched -%}
        {%- do missing.append(column) -%}
        {%- set spellings = [] -%}
        {%- for synonym in column_synonyms().get(column, []) -%}{%- do spellings.append(plain_name(synonym)) -%}{%- endfor -%}
        {%- for name in names if plain_name(name) in spellings -%}{%- do meant.append(name ~ " to " ~ column) -%}{%- endfor -%}
    {%- endfor -%}
    {#- Columns without a name are called by their position. #}
    {%- set named = [] -%}
    {%- for name in names if not modules.re.fullmatch("#[0-9]+", name) -%}
        {%- do named.append(modules.re.sub("\\s+", " ", name)) -%}
    {%- endfor -%}
    {%- if missing -%}
        {{ exceptions.raise_compiler_error(
            "[input] " ~ source_name ~ ": " ~ ("columns " if missing | length > 1 else "column ") ~ (missing | join(" and "))
            ~ (" are" if missing | length > 1 else " is") ~ " missing; the file has " ~ (named | join(", ") if named else "no column names")
            ~ ("; rename " ~ (meant | join(", ")) if meant else "")
            ~ ("; its first line must name the columns, separated by comma, semicolon, tab or |" if not matched and not meant else "")
        ) }}
    {%- endif -%}
{% endmacro %}

{# A column as text; lists and structs as JSON. #}
{% macro as_text(column, type) -%}
    {%- if type.endswith("[]") or type.startswith("STRUCT") or type.startswith("MAP") -%}
        to_json({{ identifier(column) }})::varchar
    {%- elif type.startswith("TIMESTAMP WITH TIME ZONE") -%}
        ({{ identifier(column) }} at time zone 'UTC')::varchar || 'Z'
    {%- elif type in ("DOUBLE", "FLOAT") or type.startswith("DECIMAL") -%}
        {{ number_to_text(identifier(column)) }}
    {%- else -%}
        {{ identifier(column) }}::varchar
    {%- endif -%}
{%- endmacro %}

{# The wanted columns of a file as trimmed text in a select list; NULL if the file lacks them.
   matched: wanted column -> the file's; types: the file's column -> its type. #}
{% macro plain_columns(columns, matched, types) -%}
    {%- for column in columns %}
        {%- if column not in matched %}
        null::varchar as "{{ column }}"
        {%- else -%}
        {%- set text = "nullif(trim(" ~ as_text(matched[column], types[matched[column]]) ~ "), '')" %}
        {{ plain_text(column, text) if types[matched[column]] == "VARCHAR" else text }} as "{{ column }}"
        {%- endif -%}
        {{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro read_columns(input_name, path, kind, columns, required) %}
    {%- set file = read_file(input_name, path, kind) -%}
    {%- set types = file["types"] -%}
    {%- set matched = matched_columns(path, types | list, columns) -%}
    {{- require_columns(path, matched, types | list, required) -}}
    {%- set plain = plain_columns(columns, matched, types) -%}
    {%- set spelled = spelled_texts(path, text_columns(columns, matched, types), "(select " ~ plain ~ " from " ~ file["relation"] ~ ")") %}
    select
        {%- for column in columns %}
        {{ spelled.get(column, identifier(column)) }} as "{{ column }}",
        {%- endfor %}
        null::varchar as raw_line,
        {{ source_file(quoted(path)) }} as source_file,
        line_number
    from (
        select
            {{ plain }},
            {{ record_line_number(kind, types) }} as line_number
        from {{ file["relation"] }} as records
    )
{% endmacro %}
