{# Flat displays as text, with their seg_* columns gathered in a list and their ctx_* columns in a map. #}
{% macro display_columns() %}
    {{ return([
        "event_ts", "profile_id", "offer_id", "request_id", "activity_id", "placement_id", "scope_id", "position",
        "propensity", "traffic_type", "clicked", "value", "outcome_until", "is_final",
    ]) }}
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

{# Columns of read_displays, before types are checked. #}
{% macro display_alias(column) -%}
    {{ return(column ~ "_text" if column in ("event_ts", "position", "propensity", "clicked", "value", "outcome_until", "is_final") else column) }}
{%- endmacro %}

{% macro no_displays() %}
    select
        {%- for column in display_columns() %}
        null::varchar as {{ display_alias(column) }},
        {%- endfor %}
        null::varchar[] as segments,
        null::varchar as unreadable_segment,
        null::map(varchar, varchar) as context,
        null::varchar as raw_line,
        null::varchar as source_file,
        null::bigint as line_number
    where false
{% endmacro %}

{% macro read_display_columns(path, kind) %}
    {%- set file = read_file("displays", path, kind) -%}
    {%- set types = file["types"] -%}
    {%- set names = types | list -%}
    {%- set matched = matched_columns(path, names, display_columns()) -%}
    {{- require_columns(path, matched, names, ["event_ts", "profile_id", "offer_id"]) -}}
    {%- set segments, contexts = prefixed_columns(path, "seg", names), prefixed_columns(path, "ctx", names) -%}
    {%- set plain = plain_columns(display_columns(), matched, types) -%}
    {%- set spelled = spelled_texts(path, text_columns(display_columns(), matched, types), "(select " ~ plain ~ " from " ~ file["relation"] ~ ")") %}
    select
        {%- for column in display_columns() %}
        {{ spelled.get(column, identifier(column)) }} as {{ display_alias(column) }},
        {%- endfor %}
        segments,
        unreadable_segment,
        context,
        null::varchar as raw_line,
        {{ source_file(quoted(path)) }} as source_file,
        line_number
    from (
        select
            {{ plain }},
            {% if segments -%}
            list_filter(
                [
                    {%- for name, column in segments.items() %}
                    case when {{ column_flag(column, types[column]) }} then {{ quoted(name) }} end{{ "," if not loop.last }}
                    {%- endfor %}
                ],
                lambda segment: segment is not null
            )
            {%- else -%}
            {{ empty_list() }}
            {%- endif %} as segments,
            {% if segments -%}
            coalesce(
                {%- for name, column in segments.items() if types[column] != "BOOLEAN" %}
                case
                    when {{ without_null_mark(identifier(column) ~ "::varchar") }} is not null and {{ column_flag(column, types[column]) }} is null
                        then {{ quoted(column) }}
                end,
                {%- endfor %}
                null
            )
            {%- else -%}
            null
            {%- endif %}::varchar as unreadable_segment,
            {% if contexts -%}
            {%- set has_other_delimiter = kind == "csv" and file["delimiter"] != "," -%}
            {%- set with_commas = decimal_comma_columns(contexts.values() | list, file["relation"]) if has_other_delimiter else [] -%}
            {%- set values = [] -%}
            {%- for column in contexts.values() -%}
                {%- set text = identifier(column) ~ "::varchar" -%}
                {%- set text = decimal_comma_to_point(text) if column in with_commas else text -%}
                {%- do values.append(without_null_mark(text) if types[column] in ("VARCHAR", "DOUBLE", "FLOAT") else text) -%}
            {%- endfor -%}
            {{ map_of(quoted_list(contexts.keys()), "[" ~ values | join(", ") ~ "]") }}
            {%- else -%}
            {{ empty_map() }}
            {%- endif %} as context,
            {{ record_line_number(kind, types) }} as line_number
        from {{ file["relation"] }} as records
    )
{% endmacro %}

{# True if a segment column means yes, false if it means no, else NULL. #}
{% macro column_flag(column, type) -%}
    {{ return(identifier(column) if type == "BOOLEAN" else text_to_boolean(identifier(column) ~ "::varchar")) }}
{%- endmacro %}
