{# The columns of the catalogue that say what an offer costs and earns, in the unit of the strategy's currency. #}
{% macro offer_amounts() -%}
    {{ return(["cost_per_display", "cost_per_success", "value_per_success"]) }}
{%- endmacro %}

{# What a display earned beyond its costs. A binary reward is worth value_per_success; a missing cost is 0. #}
{% macro net_value(reward, is_success, outcome_type, offers) -%}
    {{ reward }} * case when {{ outcome_type }} = 'binary' then {{ offers }}.value_per_success else 1 end
    - coalesce({{ offers }}.cost_per_display, 0)
    - case when {{ is_success }} then coalesce({{ offers }}.cost_per_success, 0) else 0 end
{%- endmacro %}
