{# Flat displays as text, with their seg_* columns gathered in a list and their ctx_* columns in a map. #}
{% macro display_columns() %}
    {{ return([
        "event_ts", "profile_id", "offer_id", "request_id", "activity_id", "placement_id", "scope_id", "position",
        "propensity", "traffic_type", "clicked", "value",
    ]) }}
{% endmacro %}

{# Names of the columns that start with a prefix, without it. #}
{% macro names_after(prefix, types) %}
    {%- set names = [] -%}
    {%- for column in types if column.startswith(prefix) -%}{%- do names.append(column[prefix | length:]) -%}{%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{% macro read_displays(files) %}
    {%- set parts = [] -%}
    {%- for path in files -%}
        {%- set kind = raw_file_kind(path) -%}
        {%- if kind == "lines" or kind == "json" -%}
            {%- do parts.append(read_display_records(path)) -%}
        {%- else -%}
            {%- do parts.append(read_display_columns(path, kind)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not parts -%}
        {%- do parts.append(no_displays()) -%}
    {%- endif -%}
    {{ return(parts | join("\nunion all\n")) }}
{% endmacro %}

{# The names that flat displays are read under, before types are checked. #}
{% macro display_alias(column) -%}
    {{ return(column ~ "_text" if column in ("event_ts", "position", "propensity", "clicked", "value") else column) }}
{%- endmacro %}

{% macro no_displays() %}
    select
        {%- for column in display_columns() %}
        null::varchar as {{ display_alias(column) }},
        {%- endfor %}
        null::varchar[] as segments,
        null::map(varchar, varchar) as context,
        null::varchar as raw_line,
        null::varchar as source_file,
        null::bigint as line_number
    where false
{% endmacro %}

{% macro read_display_columns(path, kind) %}
    {%- set reader = file_reader("displays", path, kind) -%}
    {%- set types = described("select * from " ~ reader) -%}
    {{- require_columns(path, types, ["event_ts", "profile_id", "offer_id"]) -}}
    {%- set segments, contexts = names_after("seg_", types), names_after("ctx_", types) -%}
    select
        {%- for column in display_columns() %}
        {% if column in types %}nullif(trim({{ as_text(column, types[column]) }}), ''){% else %}null::varchar{% endif %} as {{ display_alias(column) }},
        {%- endfor %}
        {% if segments -%}
        list_filter(
            [
                {%- for name in segments %}
                case when lower({{ identifier("seg_" ~ name) }}::varchar) in ('true', '1', '1.0') then {{ quoted(name) }} end{{ "," if not loop.last }}
                {%- endfor %}
            ],
            lambda segment: segment is not null
        )
        {%- else -%}
        {{ empty_list() }}
        {%- endif %} as segments,
        {% if contexts -%}
        {%- set values = [] -%}
        {%- for name in contexts -%}{%- do values.append("nullif(" ~ identifier("ctx_" ~ name) ~ "::varchar, '')") -%}{%- endfor -%}
        {{ map_of(quoted_list(contexts), "[" ~ values | join(", ") ~ "]") }}
        {%- else -%}
        {{ empty_map() }}
        {%- endif %} as context,
        null::varchar as raw_line,
        {{ source_file(quoted(path)) }} as source_file,
        {{ record_line_number(kind, types) }} as line_number
    from {{ reader }} as records
{% endmacro %}

{% macro read_display_records(path) %}
    {%- set paths = [] -%}
    {%- for column in display_columns() -%}{%- do paths.append('$."' ~ column ~ '"') -%}{%- endfor -%}
    select
        {%- for column in display_columns() %}
        nullif(trim(fields[{{ loop.index }}]), '') as {{ display_alias(column) }},
        {%- endfor %}
        list_transform(
            list_filter(
                entries, lambda entry: starts_with(entry[1], 'seg_') and lower(entry[2]) in ('true', '1', '1.0')
            ),
            lambda entry: substr(entry[1], 5)
        ) as segments,
        {{ map_of(
            "list_transform(list_filter(entries, lambda entry: starts_with(entry[1], 'ctx_')), lambda entry: substr(entry[1], 5))",
            "list_transform(list_filter(entries, lambda entry: starts_with(entry[1], 'ctx_')), lambda entry: entry[2])"
        ) }} as context,
        line as raw_line,
        source_file,
        line_number
    from (
        select
            line,
            case when {{ is_json_object("line") }} then line end as document,
            json_extract_string(document, {{ quoted_list(paths) }}) as fields,
            json_keys(document) as keys,
            -- Of a key that is repeated the first value counts.
            list_filter(
                list_zip(keys, json_extract_string(document, '$.*')),
                lambda entry, place: list_position(keys, entry[1]) = place
            ) as entries,
            source_file,
            coalesce(line_number, row_number() over ()) as line_number
        from ({{ read_documents("displays", [path]) }})
    )
    where trim(line) <> ''
{% endmacro %}
