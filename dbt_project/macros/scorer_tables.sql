{# The tables that the scorer writes. The contract of the mart of the same name describes the columns of each; a table
   without such a mart describes them in _scorer__sources.yml. #}

{# The sources of the schema `scorer` with their columns, as pairs of table name and list of columns. #}
{% macro scorer_tables() %}
    {%- set tables = [] -%}
    {%- for source in graph.sources.values() if source.package_name == "nextoffer" and source.source_name == "scorer" -%}
        {%- set mart = graph.nodes.get("model.nextoffer." ~ source.name) -%}
        {%- do tables.append((source.name, (mart or source).columns.values() | list)) -%}
    {%- endfor -%}
    {{ return(tables) }}
{% endmacro %}

{# Creates these tables empty, so that the project builds before the first run of the scorer. Adds missing columns to
   tables of an earlier version. #}
{% macro create_scorer_tables() %}
    {%- if execute -%}
        create schema if not exists scorer;
        {%- for table, columns in scorer_tables() %}
        create table if not exists scorer.{{ table }} (
            {%- for column in columns %}
            {{ identifier(column.name) }} {{ column.data_type }}{{ "," if not loop.last }}
            {%- endfor %}
        );
            {%- for column in columns %}
        alter table scorer.{{ table }} add column if not exists {{ identifier(column.name) }} {{ column.data_type }};
            {%- endfor %}
        {%- endfor %}
    {%- endif -%}
{% endmacro %}

{# Select list with the contract columns of the current model. Unit tests run without the contract and select all columns. #}
{% macro contract_columns(relation) -%}
    {%- for column in (model.columns or {}).values() -%}
        {{ relation }}.{{ identifier(column.name) }}{{ ", " if not loop.last }}
    {%- else -%}
        {{ relation }}.*
    {%- endfor -%}
{%- endmacro %}
