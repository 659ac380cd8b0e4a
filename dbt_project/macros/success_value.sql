{# What one success is worth: 1 for a binary KPI; for a continuous one the number at the strategy's path, 0 where the
   event has no such field, and NULL where the amount cannot be read. #}
{% macro success_value(strategies, event_values) -%}
    {%- set amount = map_value(event_values, strategies ~ ".value_path") -%}
    case
        when {{ strategies }}.outcome_type <> 'continuous' then 1.0
        when {{ without_null_mark(amount) }} is null then 0.0
        when {{ amount_defect(amount) }} is null then {{ text_to_number(amount) }}
    end
{%- endmacro %}

{# Why an amount cannot be used; NULL where it can, or where there is none. #}
{% macro amount_defect(text) -%}
    case
        when {{ without_null_mark(text) }} is null then null
        when {{ is_ambiguous_number(text) }} then 'amount can be read in two ways'
        when {{ text_to_number(text) }} is null then 'amount cannot be read as a number'
        when abs({{ text_to_number(text) }}) >= 1e12 or not isfinite({{ text_to_number(text) }}) then 'amount out of range'
    end
{%- endmacro %}

{# Whether an event is among the successes of a strategy. The names for a click and a dismissal mean every event of that
   kind, whatever its eventType. #}
{% macro counts_as_success(success_event_types, event_type, event_kind) -%}
    (
        {{ in_list(success_event_types, event_type) }}
        or {{ event_kind }} = 'interact' and {{ in_list(success_event_types, "'decisioning.propositionInteract'") }}
        or {{ event_kind }} = 'dismiss' and {{ in_list(success_event_types, "'decisioning.propositionDismiss'") }}
    )
{%- endmacro %}
