{% macro read_records(input_name, path, columns, spellings) %}
    {%- set matched = matched_columns(path, record_keys(input_name, path), columns) -%}
    {%- set fields = record_fields(columns, matched, spellings) -%}
    {%- set relation -%}
    (
        select
            {%- for column, text in fields["texts"].items() %}
            {{ text }} as "{{ column }}",
            {%- endfor %}
            raw_line,
            source_file,
            line_number
        from (
            select
                case when json_valid(line) then json_extract_string(line, {{ quoted_list(fields["paths"]) }}) end as fields,
                line as raw_line,
                source_file,
                coalesce(line_number, row_number() over ()) as line_number
            from ({{ read_documents(input_name, [path]) }})
        )
    )
    {%- endset -%}
    {%- set spelled = spelled_texts(path, columns, relation) -%}
    select
        {%- for column in columns %}
        {{ spelled.get(column, identifier(column)) }} as "{{ column }}",
        {%- endfor %}
        raw_line,
        source_file,
        line_number
    from {{ relation }}
    where trim(raw_line) <> ''
{% endmacro %}

{# The fields of a JSON record that may hold the wanted columns: their `paths`, and `texts`, column -> its plain text from
   `fields`, the list of the values at these paths. #}
{% macro record_fields(columns, matched, spellings) %}
    {%- set paths, texts = [], {} -%}
    {%- for column in columns -%}
        {%- set own = [] -%}
        {%- for name in record_spellings(column, matched, spellings) -%}
            {%- do paths.append('$."' ~ name ~ '"') -%}
            {%- do own.append("fields[" ~ paths | length ~ "]") -%}
        {%- endfor -%}
        {%- do texts.update({column: plain_text(column, "nullif(trim(coalesce(" ~ own | join(", ") ~ ")), '')")}) -%}
    {%- endfor -%}
    {{ return({"paths": paths, "texts": texts}) }}
{% endmacro %}

{# The names a wanted column may have in the records of a file, the exact one first. #}
{% macro record_spellings(column, matched, spellings) %}
    {%- set names = [column] -%}
    {%- for name in [spellings.get(column), matched.get(column)] if name and name not in names -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}
