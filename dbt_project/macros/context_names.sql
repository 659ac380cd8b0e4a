{# Names of everything that the context of a display may hold, configured or brought by flat displays, by name. #}
{% macro context_names() %}
    {%- set rows = query_rows(
        "select feature_name from " ~ ref("stg_context_features")
        ~ " union select feature_name from " ~ ref("stg_flat__features") ~ " where feature_kind = 'context'"
        ~ " order by 1"
    ) -%}
    {{ return(rows | map(attribute="feature_name") | list) }}
{% endmacro %}
