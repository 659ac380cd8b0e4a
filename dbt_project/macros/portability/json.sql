{# Whether text is a JSON object, or array: valid, and begins as one. To ask its type would parse it twice. #}
{% macro is_json_object(text) -%}{{ return(adapter.dispatch("is_json", "nextoffer")(text, "object")) }}{%- endmacro %}

{% macro is_json_array(text) -%}{{ return(adapter.dispatch("is_json", "nextoffer")(text, "array")) }}{%- endmacro %}

{% macro duckdb__is_json(text, type) -%}
    {%- set first = {"object": "{", "array": "["}[type] -%}
    coalesce(
        json_valid({{ text }})
        and case
            when starts_with({{ text }}, '{{ first }}') then true
            else starts_with(ltrim({{ text }}, ' ' || chr(9) || chr(10) || chr(13)), '{{ first }}')
        end,
        false
    )
{%- endmacro %}
