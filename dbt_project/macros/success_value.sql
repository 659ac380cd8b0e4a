{# What one success is worth: 1 for a binary KPI, the number at the strategy's path for a continuous one; 0 where that
   holds no number, or one no amount can have. #}
{% macro success_value(strategies, event_values) -%}
    {%- set amount = "try_cast(" ~ map_value(event_values, strategies ~ ".value_path") ~ " as double)" -%}
    case
        when {{ strategies }}.outcome_type <> 'continuous' then 1.0
        when abs({{ amount }}) < 1e12 then {{ amount }}
        else 0.0
    end
{%- endmacro %}
