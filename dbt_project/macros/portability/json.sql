{# Whether text is a JSON object (or array). CASE, since AND gives no order: the type of broken JSON is an error. #}
{% macro is_json_object(text) -%}{{ return(adapter.dispatch("is_json", "nextoffer")(text, "OBJECT")) }}{%- endmacro %}

{% macro is_json_array(text) -%}{{ return(adapter.dispatch("is_json", "nextoffer")(text, "ARRAY")) }}{%- endmacro %}

{% macro duckdb__is_json(text, type) -%}
    case when json_valid({{ text }}) then json_type({{ text }}) = '{{ type }}' else false end
{%- endmacro %}
