with unioned as (

    select * from {{ ref("int_offer_findings") }}
    union all
    select * from {{ ref("int_change_findings") }}
    union all
    select * from {{ ref("int_guardrail_findings") }}
    union all
    select * from {{ ref("int_data_findings") }}

),

final as (

    select
        strategy_id,
        assumption,
        subject,
        severity,
        case severity when 'severe' then 1 when 'warning' then 2 when 'notice' then 3 else 4 end::int as severity_order,
        sentence,
        case when severity <> 'ok' then advice end as advice,
        retrain_recommended
    from unioned

)

select * from final
