{# Fails for every value below min_value, above max_value or, with above_min, at min_value; NULLs pass. #}
{% test in_range(model, column_name, min_value, max_value, above_min=false) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} {{ "<=" if above_min else "<" }} {{ min_value }}
    or {{ column_name }} > {{ max_value }}

{% endtest %}
