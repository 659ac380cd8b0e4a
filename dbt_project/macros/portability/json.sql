{# True if a text is valid JSON and starts like an object, or an array. json_type would parse the text a second time. #}
{% macro is_json_object(text) -%}{{ return(adapter.dispatch("is_json", "nextoffer")(text, "object")) }}{%- endmacro %}

{% macro is_json_array(text) -%}{{ return(adapter.dispatch("is_json", "nextoffer")(text, "list")) }}{%- endmacro %}

{% macro duckdb__is_json(text, type) -%}
    {%- set first = {"object": "{", "list": "["}[type] -%}
    coalesce(
        json_valid({{ text }})
        and case
            when starts_with({{ text }}, '{{ first }}') then true
            else starts_with(ltrim({{ text }}, ' ' || chr(9) || chr(10) || chr(13)), '{{ first }}')
        end,
        false
    )
{%- endmacro %}

{# The text of a member of a JSON object; NULL where it is missing. #}
{% macro member_text(text, name) -%}{{ return(adapter.dispatch("member_text", "nextoffer")(text, name)) }}{%- endmacro %}

{% macro duckdb__member_text(text, name) -%}
    json_extract_string({{ text }}, '$."' || replace({{ name }}, '"', '') || '"')
{%- endmacro %}

{# True if a JSON object has a field twice, of which the readers of JSON do not agree on the value. #}
{% macro has_repeated_field(text) -%}{{ return(adapter.dispatch("has_repeated_field", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__has_repeated_field(text) -%}
    len(list_distinct(json_keys({{ text }}))) < len(json_keys({{ text }}))
{%- endmacro %}
