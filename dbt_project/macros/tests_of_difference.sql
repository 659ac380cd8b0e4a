{# The rows of a relation with a column `p_value`: the upper tail of the chi-squared distribution. Exact for one and two
   degrees of freedom, else by Canal's sum of roots (2005), within 6 % down to a millionth. There is no gamma
   function that all engines share, and three selects are planned faster than one large expression. #}
{% macro with_chi_squared_p(relation, statistic, degrees) -%}
    {%- set ratio = "(greatest(" ~ statistic ~ ", 0) / (" ~ degrees ~ "))" -%}
    {%- set root = "(pow(" ~ ratio ~ ", 1.0 / 6) - pow(" ~ ratio ~ ", 1.0 / 3) / 2 + sqrt(" ~ ratio ~ ") / 3)" -%}
    {%- set part = "(1.0 / (" ~ degrees ~ "))" -%}
    {%- set mean -%}
        (5.0 / 6 - {{ part }} / 9 - 7.0 / 648 * pow({{ part }}, 2) + 25.0 / 2187 * pow({{ part }}, 3))
    {%- endset -%}
    {%- set error -%}
        sqrt({{ part }} / 18 + pow({{ part }}, 2) / 162 - 37.0 / 11664 * pow({{ part }}, 3))
    {%- endset -%}
    select
        *,
        case
            when {{ degrees }} = 1 then two_sided_p
            when {{ degrees }} = 2 then exp(-greatest({{ statistic }}, 0) / 2)
            when chi_squared_z > 0 then two_sided_p / 2
            else 1 - two_sided_p / 2
        end as p_value
    from (
        select
            *,
            {{ two_sided_p("chi_squared_z") }} as two_sided_p
        from (
            select
                *,
                case
                    when {{ degrees }} = 1 then sqrt(greatest({{ statistic }}, 0))
                    else ({{ root }} - {{ mean }}) / {{ error }}
                end as chi_squared_z
            from {{ relation }}
        ) as scored
    ) as sided
{%- endmacro %}

{# Benjamini and Hochberg (1995) in two steps, each in a separate select: first p x tests / rank, then the minimum over
   all p-values that are at least as large. NULLs do not count as tests. #}
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

{# Difference of two means in standard errors, on the square root scale, which stabilises the variance of counts and of
   amounts that are mostly 0 (Anscombe 1948). `dispersion` is variance divided by mean. #}
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
