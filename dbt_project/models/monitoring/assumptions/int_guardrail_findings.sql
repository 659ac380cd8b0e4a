{{ config(materialized="ephemeral") }}

with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

compared as (

    select
        guardrails.*,
        coalesce(strategies.display_name, guardrails.guardrail) as guardrail_name,
        -- The baseline against which it is worse, if there is one.
        row_number() over (
            partition by guardrails.strategy_id, guardrails.guardrail
            order by guardrails.verdict = 'worse' desc, guardrails.baseline desc
        ) as place
    from {{ ref("guardrail_performance") }} as guardrails
    left join strategies on guardrails.guardrail = strategies.strategy_id
    where
        guardrails.placement_id = 'all'
        and guardrails.window_days = 30
        and guardrails.arm = 'personalised'

),

final as (

    select
        strategy_id,
        'guardrails_hold' as assumption,
        guardrail as subject,
        case verdict when 'worse' then 'severe' else 'ok' end as severity,
        case verdict
            when 'worse' then
                'Personalised traffic makes the guardrail ' || guardrail_name || ' worse, by more than chance: '
                || {{ percent_text("abs(lift)") }} || case when lift < 0 then ' less' else ' more' end
                || ' than ' || baseline || ' traffic.'
            when 'too few' then
                'The guardrail ' || guardrail_name || ' has too few successes to compare personalised with '
                || baseline || ' traffic.'
            else 'Personalised traffic does not make the guardrail ' || guardrail_name || ' worse by more than chance.'
        end as sentence,
        case verdict when 'worse' then 'Change the offers, or roll the model back.' end as advice,
        false as retrain_recommended
    from compared
    where place = 1

)

select * from final
