{# A configuration table: the raw folder's own file of that name, else the seed. #}
{% macro configuration(name, columns, required) %}
    {%- if raw_files(name) -%}
        {{ return(read_input(name, columns, required)) }}
    {%- endif -%}
    {%- set sql -%}
    select
        {%- for column in columns %}
        nullif(trim({{ column }}), '') as {{ column }},
        {%- endfor %}
        null::varchar as raw_line,
        {{ quoted("seeds/" ~ name ~ ".csv") }} as source_file,
        null::bigint as line_number
    from {{ ref(name) }}
    {%- endset -%}
    {{ return(sql) }}
{% endmacro %}
