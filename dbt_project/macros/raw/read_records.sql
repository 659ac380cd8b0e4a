{% macro read_records(input_name, path, columns, spellings) %}
    {%- set matched = matched_columns(path, record_keys(input_name, path), columns) -%}
    {%- set paths, places = [], {} -%}
    {%- for column in columns -%}
        {%- set own = [] -%}
        {%- for name in record_spellings(column, matched, spellings) -%}
            {%- do paths.append('$."' ~ name ~ '"') -%}
            {%- do own.append("fields[" ~ paths | length ~ "]") -%}
        {%- endfor -%}
        {%- do places.update({column: "nullif(trim(coalesce(" ~ own | join(", ") ~ ")), '')"}) -%}
    {%- endfor -%}
    {%- set relation -%}
    (
        select
            case when json_valid(line) then json_extract_string(line, {{ quoted_list(paths) }}) end as fields,
            line as raw_line,
            source_file,
            coalesce(line_number, row_number() over ()) as line_number
        from ({{ read_documents(input_name, [path]) }})
    )
    {%- endset -%}
    select
        {%- for column in columns %}
        {{ spelled_text(path, column, places[column], relation) }} as "{{ column }}",
        {%- endfor %}
        raw_line,
        source_file,
        line_number
    from {{ relation }}
    where trim(raw_line) <> ''
{% endmacro %}
