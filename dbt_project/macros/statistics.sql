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
