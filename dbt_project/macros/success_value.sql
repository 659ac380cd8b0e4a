{# What one success is worth: 1 for a binary KPI, the number at the strategy's path for a continuous one. #}
{% macro success_value(strategies, event_values) -%}
    case {{ strategies }}.kpi_type
        when 'continuous' then coalesce(try_cast({{ map_value(event_values, strategies ~ ".value_path") }} as double), 0)
        else 1.0
    end
{%- endmacro %}
