{# Fails for every value below min_value or above max_value (none: no maximum). With above_min, min_value fails too.
   NULLs pass. #}
{% test in_range(model, column_name, min_value, max_value=none, above_min=false) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} {{ "<=" if above_min else "<" }} {{ min_value }}
    {%- if max_value is not none %}
    or {{ column_name }} > {{ max_value }}
    {%- endif %}

{% endtest %}
