{# Fails for every row whose timestamp is after as_of. Published tables must not contain later information. #}
{% test not_after_as_of(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} > {{ as_of() }}

{% endtest %}
