{# A mean reward shrunk towards a prior mean, as if that many displays with the prior mean had been observed. #}
{% macro shrunken_rate(total_reward, displays, prior_mean) -%}
    ({{ total_reward }} + {{ var("shrinkage_displays") }} * {{ prior_mean }}) / ({{ displays }} + {{ var("shrinkage_displays") }})
{%- endmacro %}
