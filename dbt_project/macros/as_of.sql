{# The moment everything is computed for, as a timestamp literal in UTC. Nothing after it is visible. #}
{% macro as_of() %}
    {%- set given = var('as_of', '') -%}
    timestamp '{{ given if given else run_started_at.strftime("%Y-%m-%d 00:00:00") }}'
{%- endmacro %}

{# The start of the look-back every performance table needs, whatever a strategy's own window is. #}
{% macro performance_days() %}30{% endmacro %}
