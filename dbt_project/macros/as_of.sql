{# The moment everything is computed for, as a timestamp literal in UTC. Nothing after it is visible. #}
{% macro as_of() %}
    {%- set given = var('as_of', '') -%}
    timestamp '{{ given if given else run_started_at.strftime("%Y-%m-%d 00:00:00") }}'
{%- endmacro %}

{# The start of the look-back every performance table needs, whatever a strategy's own window is. #}
{% macro performance_days() %}30{% endmacro %}

{# The clock, or as_of where that is later: what runs left of a moment after it is from the future. #}
{% macro known_until() %}
    {%- set now = var("now", "") or run_started_at.strftime("%Y-%m-%d %H:%M:%S") -%}
    greatest({{ as_of() }}, timestamp '{{ now }}')
{%- endmacro %}

{# Removes the versions that runs from the future wrote to a snapshot; nothing where there is none yet. #}
{% macro forget_later_versions(snapshot) -%}
    {%- if execute and adapter.get_relation(snapshot.database, snapshot.schema, snapshot.identifier) -%}
        delete from {{ snapshot }} where dbt_valid_from > {{ known_until() }}
    {%- endif -%}
{%- endmacro %}

{# Lets the versions hold again that runs from the future ended. #}
{% macro reopen_versions(snapshot) -%}
    {%- if execute and adapter.get_relation(snapshot.database, snapshot.schema, snapshot.identifier) -%}
        update {{ snapshot }} set dbt_valid_to = null where dbt_valid_to > {{ known_until() }}
    {%- endif -%}
{%- endmacro %}
