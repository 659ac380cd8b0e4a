{# People in the same rule segments share one set of eligible offers in a placement. Segment ids may contain commas, so
   the unit separator joins them. #}
{% macro eligibility_set_id(strategy_id, placement_id, segments) -%}
    md5({{ strategy_id }} || '|' || {{ placement_id }} || '|' || array_to_string({{ segments }}, chr(31)))
{%- endmacro %}
