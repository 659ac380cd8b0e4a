{% macro read_display_records(path) %}
    {%- set keys = record_keys("displays", path) -%}
    {%- set matched = matched_columns(path, keys, display_columns()) -%}
    {%- do prefixed_columns(path, "seg", keys) -%}
    {%- do prefixed_columns(path, "ctx", keys) -%}
    {%- set fields = record_fields(display_columns(), matched, {}) -%}
    {%- set entries -%}
    (
        select
            line,
            case when {{ is_json_object("line") }} and {{ has_few_fields("line") }} then line end as document,
            json_extract_string(document, {{ quoted_list(fields["paths"]) }}) as fields,
            json_keys(document) as keys,
            -- The first value of a repeated key is used.
            list_filter(
                list_zip(keys, json_extract_string(document, '$.*')),
                lambda entry, place: list_position(keys, entry[1]) = place
            ) as entries,
            list_filter(
                entries, lambda entry: {{ sql_has_prefix("entry[1]", "seg") }} and {{ without_null_mark("entry[2]") }} is not null
            ) as segment_entries,
            list_filter(
                entries, lambda entry: {{ sql_has_prefix("entry[1]", "ctx") }}
            ) as context_entries,
            source_file,
            coalesce(line_number, row_number() over ()) as line_number
        from ({{ read_documents("displays", [path]) }})
    )
    {%- endset -%}
    {%- set relation -%}
    (
        select
            {%- for column, text in fields["texts"].items() %}
            {{ text }} as "{{ column }}",
            {%- endfor %}
            * exclude (document, fields, keys, entries)
        from {{ entries }}
    )
    {%- endset -%}
    {%- set spelled = spelled_texts(path, display_columns(), relation) -%}
    select
        {%- for column in display_columns() %}
        {{ spelled.get(column, identifier(column)) }} as {{ display_alias(column) }},
        {%- endfor %}
        list_transform(
            list_filter(segment_entries, lambda entry: {{ text_to_boolean("entry[2]") }}),
            lambda entry: trim(substr(entry[1], 5))
        ) as segments,
        list_filter(segment_entries, lambda entry: {{ text_to_boolean("entry[2]") }} is null)[1][1] as unreadable_segment,
        {{ map_of(
            "list_transform(context_entries, lambda entry: trim(substr(entry[1], 5)))",
            "list_transform(context_entries, lambda entry: " ~ without_null_mark("entry[2]") ~ ")"
        ) }} as context,
        line as raw_line,
        source_file,
        line_number
    from {{ relation }}
    where trim(line) <> ''
{% endmacro %}
