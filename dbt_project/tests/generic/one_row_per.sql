{# Fails for every combination of the columns that has more than one row. NULLs count as one value. #}
{% test one_row_per(model, columns) %}

select
    {%- for column in columns %}
    {{ adapter.quote(column) }},
    {%- endfor %}
    count(*) as copies
from {{ model }}
group by {% for column in columns %}{{ adapter.quote(column) }}{{ ", " if not loop.last }}{% endfor %}
having count(*) > 1

{% endtest %}
