{# Value of one success: 1 for a binary KPI. For a continuous KPI, the number at the value path of the strategy, 0 if the
   event lacks the field, and NULL if the amount cannot be read. #}
{% macro success_value(strategies, event_values) -%}
    {%- set amount = map_value(event_values, strategies ~ ".value_path") -%}
    case
        when {{ strategies }}.outcome_type <> 'continuous' then 1.0
        when {{ without_null_mark(amount) }} is null then 0.0
        when {{ amount_defect(amount) }} is null then {{ text_to_number(amount) }}
    end
{%- endmacro %}

{# Why an amount cannot be used; NULL if it can, or if there is none. #}
{% macro amount_defect(text) -%}
    case
        when {{ without_null_mark(text) }} is null then null
        when {{ is_ambiguous_number(text) }} then 'amount can be read in two ways'
        when {{ text_to_number(text) }} is null then 'amount cannot be read as a number'
        when abs({{ text_to_number(text) }}) >= 1e12 or not isfinite({{ text_to_number(text) }}) then 'amount out of range'
    end
{%- endmacro %}

{# True if an event is a success of a strategy. The event types of a click and of a dismissal stand for all events of that
   kind, whatever their own eventType. #}
{% macro counts_as_success(success_event_types, event_type, event_kind) -%}
    (
        {{ in_list(success_event_types, event_type) }}
        or {{ event_kind }} = 'interact' and {{ in_list(success_event_types, "'decisioning.propositionInteract'") }}
        or {{ event_kind }} = 'dismiss' and {{ in_list(success_event_types, "'decisioning.propositionDismiss'") }}
    )
{%- endmacro %}
