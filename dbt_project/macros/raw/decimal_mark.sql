{# Columns that hold amounts or shares. #}
{% macro number_columns() %}
    {{ return(["value", "propensity", "cost_per_display", "cost_per_success", "value_per_success"]) }}
{% endmacro %}

{# A column of numbers as text that `text_to_number` reads. 1.234 and 1,234 have two readings; the first records of the
   file decide: if some have a comma before one or two decimals and none has a point there, points separate thousands,
   and vice versa. #}
{% macro amount_text(text, relation) %}
    {%- set beginning = "(select * from " ~ relation ~ " limit 20000)" -%}
    {%- set marks = query_rows(decimal_marks([text], beginning))[0] if execute else {"commas_1": 0, "points_1": 0} -%}
    {%- if marks["commas_1"] and not marks["points_1"] -%}
        {{ return(decimal_comma_to_point(text)) }}
    {%- elif marks["points_1"] and not marks["commas_1"] -%}
        {{ return(without_thousands_commas(text)) }}
    {%- endif -%}
    {{ return(text) }}
{% endmacro %}

{# The columns whose first records only contain numbers with a decimal comma. #}
{% macro decimal_comma_columns(columns, relation) %}
    {%- set found, texts = [], [] -%}
    {%- for column in columns -%}{%- do texts.append(without_null_mark(identifier(column) ~ "::varchar")) -%}{%- endfor -%}
    {%- if execute and texts -%}
        {%- set marks = query_rows(decimal_marks(texts, "(select * from " ~ relation ~ " limit 20000)"))[0] -%}
        {%- for column in columns -%}
            {%- set place = loop.index | string -%}
            {%- if marks["commas_" ~ place] and not marks["points_" ~ place] and not marks["others_" ~ place] -%}
                {%- do found.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{% endmacro %}
