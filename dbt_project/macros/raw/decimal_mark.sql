{# Columns that hold amounts or shares. #}
{% macro number_columns() %}
    {{ return(["value", "propensity", "cost_per_display", "cost_per_success", "value_per_success"]) }}
{% endmacro %}

{# A column of amounts as text that `text_to_number` reads. 1.234 and 1,234 have two readings; the first records of the
   file decide: if some have a comma before one or two decimals and none has a point there, points separate thousands,
   and vice versa. traits: the result of `text_traits`. #}
{% macro amount_text(column, traits) %}
    {%- set text = identifier(column) -%}
    {%- set commas, points = traits.get("commas_" ~ column), traits.get("points_" ~ column) -%}
    {%- if commas and not points -%}{{ return(decimal_comma_to_point(text)) }}{%- endif -%}
    {%- if points and not commas -%}{{ return(without_thousands_commas(text)) }}{%- endif -%}
    {{ return(text) }}
{% endmacro %}

{# The columns whose first records only contain numbers with a decimal comma. #}
{% macro decimal_comma_columns(columns, relation) %}
    {%- set found, marks = [], ["count(*) as records"] -%}
    {%- for column in columns -%}
        {%- do marks.append(decimal_marks(without_null_mark(identifier(column) ~ "::varchar"), loop.index)) -%}
    {%- endfor -%}
    {%- for row in query_rows("select " ~ marks | join(", ") ~ " from " ~ first_records(relation)) -%}
        {%- for column in columns -%}
            {%- set place = loop.index | string -%}
            {%- if row["commas_" ~ place] and not row["points_" ~ place] and not row["others_" ~ place] -%}
                {%- do found.append(column) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
