{# Names of all context features, from the configuration and from the columns of flat displays, in alphabetical order. #}
{% macro context_names() %}
    {%- set rows = query_relation(
        ref("stg_flat__features"),
        "select feature_name from " ~ ref("stg_context_features")
        ~ " union select feature_name from " ~ ref("stg_flat__features") ~ " where feature_kind = 'context'"
        ~ " order by 1"
    ) -%}
    {{ return(rows | map(attribute="feature_name") | list) }}
{% endmacro %}
