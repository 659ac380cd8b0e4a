{# Fails for every row whose moment lies after as_of: nothing that is published may know the future. #}
{% test not_after_as_of(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} > {{ as_of() }}

{% endtest %}
