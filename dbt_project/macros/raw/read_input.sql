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

{# Columns whose values are ids. #}
{% macro id_columns() %}
    {{ return(["profile_id", "offer_id", "request_id", "segment_id", "placement_id", "activity_id", "scope_id"]) }}
{% endmacro %}

{# A wanted column of a file as trimmed text, spelled in one way; NULL if the file lacks it.
   matched: wanted column -> the file's; types: the file's column -> its type; relation: what is read. #}
{% macro column_text(source_name, column, matched, types, relation) -%}
    {%- if column not in matched -%}{{ return("null::varchar") }}{%- endif -%}
    {%- set text = "nullif(trim(" ~ as_text(matched[column], types[matched[column]]) ~ "), '')" -%}
    {%- if types[matched[column]] == "VARCHAR" -%}
        {{ return(spelled_text(source_name, column, text, relation)) }}
    {%- endif -%}
    {{ return(text) }}
{%- endmacro %}

{# Text of a wanted column with timestamps, numbers, ids and missing values spelled in one way. #}
{% macro spelled_text(source_name, column, text, relation) -%}
    {%- if column in id_columns() -%}
        {{ return(plain_id(text)) }}
    {%- endif -%}
    {%- set text = without_null_mark(text) -%}
    {%- if column in time_columns() -%}
        {{ return(time_text(source_name, column, text, relation)) }}
    {%- elif column in number_columns() -%}
        {{ return(amount_text(text, relation)) }}
    {%- endif -%}
    {{ return(text) }}
{%- endmacro %}

{% macro typed_columns(source_name, types, columns, required, relation) %}
    {%- set matched = matched_columns(source_name, types.keys() | list, columns) -%}
    {{- require_columns(source_name, matched, types.keys(), required) -}}
    {%- for column in columns %}
        {{ column_text(source_name, column, matched, types, relation) }} as "{{ column }}",
    {%- endfor %}
{%- endmacro %}

{% macro read_columns(input_name, path, kind, columns, required) %}
    {%- set reader = file_reader(input_name, path, kind) -%}
    {%- set types = described("select * from " ~ reader) -%}
    select
        {{- typed_columns(path, types, columns, required, reader) }}
        null::varchar as raw_line,
        {{ source_file(quoted(path)) }} as source_file,
        {{ record_line_number(kind, types) }} as line_number
    from {{ reader }} as records
{% endmacro %}

{# The names a wanted column may have in the records of a file, the exact one first. #}
{% macro record_spellings(column, matched, spellings) %}
    {%- set names = [column] -%}
    {%- for name in [spellings.get(column), matched.get(column)] if name and name not in names -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
