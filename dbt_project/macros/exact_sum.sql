{# A sum, a mean and a variance of amounts that do not depend on the order rows come in: floating point sums do, in
   their last digits, and publications of the same inputs must be equal. Whole parts and fractions are summed apart.
   Nine decimals are enough for amounts and leave out the noise of cents; squares and weights need eighteen. Staging keeps
   amounts below 1e12, so that squares fit. #}
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

{# The same from sums of squares and amounts, both 0 where NULL, of so many rows. #}
{% macro variance_of_sums(squares, total, rows) -%}
    greatest(0, coalesce(({{ squares }} - pow({{ total }}, 2) / {{ rows }}) / nullif({{ rows }} - 1, 0), 0))
{%- endmacro %}
