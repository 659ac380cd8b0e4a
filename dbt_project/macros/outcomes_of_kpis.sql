{# The strategy that a guardrail names. #}
{% macro guardrail_id(guardrail) -%}
    trim(ltrim({{ guardrail }}, '-'))
{%- endmacro %}

{# Whether less of a guardrail is better. #}
{% macro is_less_better(guardrail) -%}
    starts_with({{ guardrail }}, '-')
{%- endmacro %}

{# CTEs up to `outcomes`: mature displays of known arms, for the KPI of their strategy (guardrail is NULL) and for that of each
   of its guardrails, which is what the same displays did for another strategy; `weight` makes random displays uniform. #}
{% macro outcomes_of_kpis() -%}
strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

judged as (

    select *
    from {{ ref("int_display_outcomes") }}
    where
        is_mature
        and reward is not null

),

guardrails as (

    select
        strategy_id,
        unnest(guardrails) as guardrail
    from strategies

),

judged_kpis as (

    select
        judged.*,
        strategies.kpi_type,
        null::varchar as guardrail
    from judged
    inner join strategies on judged.strategy_id = strategies.strategy_id
    where judged.arm <> 'unknown'
    union all
    select
        judged.* replace (other.is_success as is_success, other.reward as reward),
        strategies.kpi_type,
        guardrails.guardrail
    from guardrails
    inner join judged on guardrails.strategy_id = judged.strategy_id
    inner join strategies on {{ guardrail_id("guardrails.guardrail") }} = strategies.strategy_id
    inner join judged as other
        on strategies.strategy_id = other.strategy_id
        and judged.display_id = other.display_id
    where judged.arm <> 'unknown'

),

informed as (

    {{ informed_weights("judged") }}

),

outcomes as (

    select
        judged_kpis.*,
        coalesce(informed.weight, 1.0) as weight
    from judged_kpis
    left join informed
        on judged_kpis.strategy_id = informed.strategy_id
        and judged_kpis.display_id = informed.display_id

)
{%- endmacro %}
