{# Two-sided p-value of a standard normal z: erfc(|z| / sqrt(2)), by the Chebyshev fit of Numerical Recipes (erfcc),
   whose fractional error is below 1.2e-7 everywhere. Engines have no erf. #}
{% macro two_sided_p(z) -%}
    {%- set t = "(1 / (1 + 0.5 * abs(" ~ z ~ ") / sqrt(2)))" -%}
    {%- set coefficients = [
        -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
        -0.82215223, 0.17087277,
    ] -%}
    least(1.0, {{ t }} * exp(-pow({{ z }}, 2) / 2 + (
        {%- for coefficient in coefficients[:-1] -%}{{ coefficient }} + {{ t }} * ({%- endfor -%}
        {{ coefficients[-1] }}{{ ")" * (coefficients | length - 1) }})))
{%- endmacro %}

{# The standard normal z whose two-sided p-value is that of Student's t with these degrees of freedom: the transformation
   of Hill (1970), algorithm 395. From 10 degrees on, the relative
   error of the p-value is below 0.001, even at 1e-9. #}
{% macro normal_of_t(t, degrees) -%}
    {%- set a = "(" ~ degrees ~ " - 0.5)" -%}
    {%- set b = "(48 * " ~ a ~ " * " ~ a ~ ")" -%}
    {%- set y = "(" ~ a ~ " * ln(1 + " ~ t ~ " * " ~ t ~ " / " ~ degrees ~ "))" -%}
    ((((((-0.4 * {{ y }} - 3.3) * {{ y }} - 24) * {{ y }} - 85.5) / (0.8 * {{ y }} * {{ y }} + 100 + {{ b }}) + {{ y }} + 3)
    / {{ b }} + 1) * sqrt({{ y }}))
{%- endmacro %}

{# The 97.5 % quantile of Student's t: the expansion of Fisher and Cornish (1960) in 1 / degrees of freedom. From 10 on,
   the relative error is below 0.00001. #}
{% macro t_quantile_975(degrees) -%}
    {%- set v = "(1.0 / (" ~ degrees ~ "))" -%}
    (1.959963985 + {{ v }} * (2.372271229 + {{ v }} * (2.822502033 + {{ v }} * (2.555850 + {{ v }} * 1.589534))))
{%- endmacro %}

{# Welch-Satterthwaite degrees of freedom, from the variances of two means. #}
{% macro welch_degrees(variance, displays, other_variance, other_displays) -%}
    pow({{ variance }} + {{ other_variance }}, 2) / nullif(
        pow({{ variance }}, 2) / nullif({{ displays }} - 1, 0)
        + pow({{ other_variance }}, 2) / nullif({{ other_displays }} - 1, 0),
        0
    )
{%- endmacro %}

{# Minimum number of successes of each arm in a comparison. #}
{% macro enough_successes() %}20{% endmacro %}

{# The lift that power is calculated for, as text. #}
{% macro lift_to_show() %}10 %{% endmacro %}

{# Displays of the reference arm that detect a lift of 10 % at the 5 % level, two-sided, with a power of 80 %, if the other
   arm gets `ratio` times as many: ((1.95996 + 0.84162) / 0.1)^2 (variance + other variance / ratio) / mean^2.
   For a binary KPI, the variances are those of the two rates; NULL if the higher rate would exceed 1. #}
{% macro displays_for_lift(kpi_type, mean, variance, other_variance, ratio) -%}
    case
        when {{ kpi_type }} = 'binary' and 1.1 * {{ mean }} >= 1 then null
        when {{ kpi_type }} = 'binary'
            then 784.8880 * ((1 - {{ mean }}) + 1.1 * (1 - 1.1 * {{ mean }}) / ({{ ratio }})) / {{ mean }}
        else 784.8880 * ({{ variance }} + {{ other_variance }} / ({{ ratio }})) / pow({{ mean }}, 2)
    end
{%- endmacro %}

{# A number of displays in whole ones; NULL beyond any traffic. #}
{% macro whole_displays(displays) -%}
    case when {{ displays }} < 1e15 then ceil({{ displays }})::bigint end
{%- endmacro %}
