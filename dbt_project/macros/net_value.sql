{# Catalogue columns with the costs and the value of an offer, in the currency of the strategy. #}
{% macro offer_amounts() -%}
    {{ return(["cost_per_display", "cost_per_success", "value_per_success"]) }}
{%- endmacro %}

{# Reward of a display minus its costs. A binary success is worth value_per_success; a missing cost is 0. #}
{% macro net_value(reward, is_success, outcome_type, offers) -%}
    {{ reward }} * case when {{ outcome_type }} = 'binary' then {{ offers }}.value_per_success else 1 end
    - coalesce({{ offers }}.cost_per_display, 0)
    - case when {{ is_success }} then coalesce({{ offers }}.cost_per_success, 0) else 0 end
{%- endmacro %}
