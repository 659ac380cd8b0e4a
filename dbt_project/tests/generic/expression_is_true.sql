{# Fails for every row where the expression is false or NULL. #}
{% test expression_is_true(model, expression) %}

select 1 as failing
from {{ model }}
where not coalesce({{ expression }}, false)

{% endtest %}
