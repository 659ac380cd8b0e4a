{# Data test without a transaction. dbt's own materialization opens one for the query and rolls it back. #}
{% materialization test, adapter="duckdb" %}
    {%- if should_store_failures() -%}{{ return(materialization_test_default()) }}{%- endif -%}
    {%- set limit = config.get("limit") -%}
    {%- call statement("main", fetch_result=True, auto_begin=False) -%}
        {{ get_test_sql(get_limit_subquery_sql(sql, limit), config.get("fail_calc"), config.get("warn_if"), config.get("error_if"), limit) }}
    {%- endcall -%}
    {{ return({"relations": []}) }}
{% endmaterialization %}
