{# Sum, mean and variance of amounts that do not depend on the order of the rows. The last digits of a floating point
   sum do, and equal inputs must give equal publications. Whole parts and fractions are summed separately. Nine decimals
   are enough for amounts and drop rounding noise; squares and weights need eighteen. Staging rejects amounts of 1e12 and
   more, so squares fit. #}
{% macro exact_sum(amount, decimals=9) -%}
    {%- set number = "(" ~ amount ~ ")::double" -%}
    (
        sum(trunc({{ number }})::decimal(38, 0))::double
        + sum(({{ number }} - trunc({{ number }}))::decimal(38, {{ decimals }}))::double
    )
{%- endmacro %}

{% macro exact_mean(amount) -%}
    {{ exact_sum(amount) }} / nullif(count({{ amount }}), 0)
{%- endmacro %}

{# Sample variance, 0 for a single row. #}
{% macro exact_variance(amount) -%}
    {{ variance_of_sums(exact_sum("pow(" ~ amount ~ ", 2)", 18), exact_sum(amount, 18), "count(" ~ amount ~ ")") }}
{%- endmacro %}

{# Sample variance from the sum of squares, the sum and the number of rows. NULL sums count as 0. #}
{% macro variance_of_sums(squares, total, rows) -%}
    greatest(0, coalesce(({{ squares }} - pow({{ total }}, 2) / {{ rows }}) / nullif({{ rows }} - 1, 0), 0))
{%- endmacro %}
