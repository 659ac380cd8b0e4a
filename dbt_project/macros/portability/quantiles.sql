{# Discrete quantile of a group: a value that occurs in it. #}
{% macro quartile(column, share) -%}{{ return(adapter.dispatch("quartile", "nextoffer")(column, share)) }}{%- endmacro %}

{% macro duckdb__quartile(column, share) -%}
    quantile_disc({{ column }}, {{ share }})
{%- endmacro %}

{# A number in [0, 1) from text, the same on every engine and in Python. #}
{% macro hash_share(text) -%}{{ return(adapter.dispatch("hash_share", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__hash_share(text) -%}
    ('0x' || substr(md5({{ text }}), 1, 15))::bigint / 1152921504606846976.0
{%- endmacro %}
