{# A mean reward drawn to a prior mean, as if so many displays with that mean had been seen before. #}
{% macro shrunken_rate(total_reward, displays, prior_mean) -%}
    ({{ total_reward }} + {{ var("shrinkage_displays") }} * {{ prior_mean }}) / ({{ displays }} + {{ var("shrinkage_displays") }})
{%- endmacro %}
