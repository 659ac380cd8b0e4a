{# The people of a placement who share the segments that eligibility rules name have one set of offers.
   Ids may hold commas, so the unit separator stands between them. #}
{% macro eligibility_set_id(strategy_id, placement_id, segments) -%}
    md5({{ strategy_id }} || '|' || {{ placement_id }} || '|' || array_to_string({{ segments }}, chr(31)))
{%- endmacro %}
