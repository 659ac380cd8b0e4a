{# Fails for every value below min_value, above max_value (none: there is none) or, with above_min, at min_value; NULLs
   pass. #}
{% test in_range(model, column_name, min_value, max_value=none, above_min=false) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} {{ "<=" if above_min else "<" }} {{ min_value }}
    {%- if max_value is not none %}
    or {{ column_name }} > {{ max_value }}
    {%- endif %}

{% endtest %}
