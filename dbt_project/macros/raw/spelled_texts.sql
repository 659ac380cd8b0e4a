{# Columns whose values are ids. #}
{% macro id_columns() %}
    {{ return(["profile_id", "offer_id", "request_id", "segment_id", "placement_id", "activity_id", "scope_id"]) }}
{% endmacro %}

{# Trimmed text of a wanted column with ids and missing values spelled in one way. #}
{% macro plain_text(column, text) -%}
    {{ return(plain_id(text) if column in id_columns() else without_null_mark(text)) }}
{%- endmacro %}

{# The wanted columns that a file stores as text. #}
{% macro text_columns(columns, matched, types) %}
    {%- set found = [] -%}
    {%- for column in columns if column in matched and types[matched[column]] == "VARCHAR" -%}
        {%- do found.append(column) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# The timestamps and amounts among some columns of plain text, spelled in one way: {column: expression of the column}.
   relation: what has the columns; its first records decide how their values are read. #}
{% macro spelled_texts(source_name, columns, relation) %}
    {%- set spelled, traits = {}, text_traits(columns, relation) -%}
    {%- for column in columns if column in time_columns() -%}
        {%- do spelled.update({column: time_text(source_name, column, relation, traits)}) -%}
    {%- endfor -%}
    {%- for column in columns if column in number_columns() -%}
        {%- do spelled.update({column: amount_text(column, traits)}) -%}
    {%- endfor -%}
    {{ return(spelled) }}
{% endmacro %}

{# What the first records show about timestamps and amounts, one query for all: `has_local_date_<column>`, and the columns
   of `decimal_marks`. #}
{% macro text_traits(columns, relation) %}
    {%- set asked = [] -%}
    {%- for column in columns if column in time_columns() -%}
        {%- do asked.append(has_local_date(identifier(column)) ~ " as has_local_date_" ~ column) -%}
    {%- endfor -%}
    {%- for column in columns if column in number_columns() -%}
        {%- do asked.append(decimal_marks(identifier(column), column)) -%}
    {%- endfor -%}
    {%- if asked -%}
        {%- for row in query_rows("select " ~ asked | join(", ") ~ " from " ~ first_records(relation)) -%}{{ return(row) }}{%- endfor -%}
    {%- endif -%}
    {{ return({}) }}
{% endmacro %}

{# The records of a relation that decide how its values are read. #}
{% macro first_records(relation) -%}
    (select * from {{ relation }} limit 20000)
{%- endmacro %}
