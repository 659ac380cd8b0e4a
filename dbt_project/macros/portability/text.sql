{# A count as text for people, with commas between thousands. #}
{% macro count_text(amount) -%}{{ return(adapter.dispatch("count_text", "nextoffer")(amount)) }}{%- endmacro %}

{% macro duckdb__count_text(amount) -%}
    format('{:,}', ({{ amount }})::bigint)
{%- endmacro %}

{# A number as text for people, with so many decimals. #}
{% macro number_text(amount, decimals) -%}{{ return(adapter.dispatch("number_text", "nextoffer")(amount, decimals)) }}{%- endmacro %}

{% macro duckdb__number_text(amount, decimals) -%}
    format('{:,.{{ decimals }}f}', ({{ amount }})::double)
{%- endmacro %}
