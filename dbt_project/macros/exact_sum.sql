{# A sum, a mean and a variance of amounts that do not depend on the order rows come in: floating point sums do, in
   their last digits, and publications of the same inputs must be equal. Amounts count to six decimals; staging keeps
   them below 1e12. #}
{% macro exact_sum(amount) -%}
    sum(({{ amount }})::decimal(38, 6))::double
{%- endmacro %}

{% macro exact_mean(amount) -%}
    {{ exact_sum(amount) }} / nullif(count({{ amount }}), 0)
{%- endmacro %}

{# Sample variance, 0 for a single row. #}
{% macro exact_variance(amount) -%}
    greatest(
        0,
        coalesce(
            ({{ exact_sum("pow(" ~ amount ~ ", 2)") }} - pow({{ exact_sum(amount) }}, 2) / count({{ amount }}))
            / nullif(count({{ amount }}) - 1, 0),
            0
        )
    )
{%- endmacro %}
