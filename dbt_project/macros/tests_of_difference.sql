{# Upper tail of the chi-squared distribution, by Wilson and Hilferty's cube root (1931): close to the exact value from
   one degree of freedom on, within a tenth of it where the p-value matters. Engines have no gamma function in common. #}
{% macro chi_squared_p(statistic, degrees) -%}
    {%- set z -%}
        ((pow(greatest({{ statistic }}, 0) / ({{ degrees }}), 1.0 / 3) - (1 - 2 / (9.0 * ({{ degrees }})))) / sqrt(2 / (9.0 * ({{ degrees }}))))
    {%- endset -%}
    case when {{ z }} > 0 then {{ two_sided_p(z) }} / 2 else 1 - {{ two_sided_p(z) }} / 2 end
{%- endmacro %}

{# Benjamini and Hochberg (1995) in two steps, each in a select of its own: a p-value times the number of tests, divided
   by how many are as small; then the least of these over all that are as great. NULLs are no tests. #}
{% macro false_discovery_step(p_value, family) -%}
    {{ p_value }} * count({{ p_value }}) over (partition by {{ family }})
    / nullif(count({{ p_value }}) over (
        partition by {{ family }} order by {{ p_value }} range between unbounded preceding and current row
    ), 0)
{%- endmacro %}

{% macro false_discovery_rate(step, p_value, family) -%}
    case
        when {{ p_value }} is not null then least(1.0, min({{ step }}) over (
            partition by {{ family }}, {{ p_value }} is null
            order by {{ p_value }} desc range between unbounded preceding and current row
        ))
    end
{%- endmacro %}

{# Difference of two means in standard errors, on the square root scale, where the spread of counts and of mostly empty
   amounts does not depend on the mean (Anscombe 1948). `dispersion` is variance divided by mean. #}
{% macro root_difference_z(mean, size, other_mean, other_size, dispersion) -%}
    2 * (
        sqrt({{ mean }} + 0.375 * {{ dispersion }} / {{ size }})
        - sqrt({{ other_mean }} + 0.375 * {{ dispersion }} / {{ other_size }})
    ) / nullif(sqrt({{ dispersion }} * (1.0 / {{ size }} + 1.0 / {{ other_size }})), 0)
{%- endmacro %}

{# How far a chi-squared statistic of unchanged data may exceed its degrees of freedom with probability exp(-x)
   (Laurent and Massart 2000, lemma 1). #}
{% macro chi_squared_excess(degrees, x) -%}
    (2 * sqrt({{ degrees }} * {{ x }}) + 2 * {{ x }})
{%- endmacro %}
