{# How an interaction finds its display. #}

{# Whether tokens of an action name an item, by its id or by a token that stands for it. #}
{% macro is_named_by(tokens, offer_id, item_tokens) -%}
    coalesce({{ in_list(tokens, offer_id) }}, false) or coalesce({{ lists_overlap(tokens, item_tokens) }}, false)
{%- endmacro %}

{# The end of the time in which a display may arrive after the click on it: clocks of servers differ, and pages send a
   display when it is rendered. #}
{% macro latest_display_ts(event_ts) -%}
    {{ add_hours(event_ts, late_display_seconds() ~ " / 3600.0") }}
{%- endmacro %}

{% macro late_display_seconds() %}{{ return(10) }}{% endmacro %}

{# Whether an event counts by its type: it is custom, or of a type of its own and reports displays beside. #}
{% macro is_conversion(events) -%}
    (
        {{ events }}.event_kind = 'custom'
        or {{ events }}.event_kind = 'display' and {{ events }}.event_values is not null
    )
{%- endmacro %}
