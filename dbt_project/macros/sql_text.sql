{# A SQL string literal. #}
{% macro quoted(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{# A SQL identifier. #}
{% macro identifier(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}

{# A SQL list of string literals. #}
{% macro quoted_list(texts) -%}
    [{% for text in texts %}{{ quoted(text) }}{{ ", " if not loop.last }}{% endfor %}]
{%- endmacro %}

{# The rows of a query as a list of dicts, empty while dbt only parses. #}
{% macro query_rows(sql) %}
    {%- set rows = [] -%}
    {%- if execute -%}
        {%- set result = run_query(sql) -%}
        {%- for row in result.rows -%}
            {%- set values = {} -%}
            {%- for name in result.column_names -%}
                {%- do values.update({name: row[name]}) -%}
            {%- endfor -%}
            {%- do rows.append(values) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{% endmacro %}

{# The rows of a query on a relation of this project; none where it is not built yet, as when dbt documents an empty file. #}
{% macro query_relation(relation, sql) %}
    {%- if execute and relation.identifier is defined
        and not adapter.get_relation(database=relation.database, schema=relation.schema, identifier=relation.identifier) -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(query_rows(sql)) }}
{% endmacro %}
