{# Context features to read from events, as dicts with feature_name and path, sorted by name. #}
{% macro xdm_context_features() %}
    {%- set features = ref("stg_context_features") -%}
    {{ return(query_relation(features, "select feature_name, path from " ~ features ~ " order by feature_name")) }}
{% endmacro %}

{# The context of a display as text, from a list of fields in which context features follow the envelope. #}
{% macro xdm_context_text(fields, features) -%}
    {%- set names, values = [], [] -%}
    {%- for feature in features -%}
        {%- do names.append(feature["feature_name"]) -%}
        {%- do values.append(fields ~ "[" ~ (xdm_envelope() | length + loop.index) ~ "]") -%}
    {%- endfor -%}
    {{ text_of_names(names, values) }}
{%- endmacro %}

{# Sorted paths of the values that strategies sum. #}
{% macro xdm_value_paths() %}
    {%- set strategies = ref("stg_ranking_strategies") -%}
    {%- set rows = query_relation(
        strategies,
        "select distinct value_path from " ~ strategies ~ " where value_path is not null order by 1"
    ) -%}
    {{ return(rows | map(attribute="value_path") | list) }}
{% endmacro %}
