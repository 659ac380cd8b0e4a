{# The moment everything is computed for, as a timestamp literal in UTC. Nothing after it is visible. #}
{% macro as_of() %}
    {%- set given = var('as_of', '') -%}
    timestamp '{{ given if given else run_started_at.strftime("%Y-%m-%d 00:00:00") }}'
{%- endmacro %}

{# Days before as_of that every performance table looks back, whatever the window of the strategy. #}
{% macro performance_days() %}30{% endmacro %}

{# The clock, or as_of if that is later. Rows that earlier runs wrote for a later moment are from the future. #}
{% macro known_until() %}
    {%- set now = var("now", "") or run_started_at.strftime("%Y-%m-%d %H:%M:%S") -%}
    greatest({{ as_of() }}, timestamp '{{ now }}')
{%- endmacro %}

{# Deletes the snapshot versions that runs from the future wrote. Does nothing before the first snapshot. #}
{% macro forget_later_versions(snapshot) -%}
    {%- if execute and adapter.get_relation(snapshot.database, snapshot.schema, snapshot.identifier) -%}
        delete from {{ snapshot }} where dbt_valid_from > {{ known_until() }}
    {%- endif -%}
{%- endmacro %}

{# Reopens the snapshot versions that runs from the future closed. #}
{% macro reopen_versions(snapshot) -%}
    {%- if execute and adapter.get_relation(snapshot.database, snapshot.schema, snapshot.identifier) -%}
        update {{ snapshot }} set dbt_valid_to = null where dbt_valid_to > {{ known_until() }}
    {%- endif -%}
{%- endmacro %}
