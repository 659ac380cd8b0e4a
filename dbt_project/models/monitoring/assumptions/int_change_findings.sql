with strategies as (

    select strategy_id from {{ ref("stg_ranking_strategies") }}

),

drifts as (

    select
        *,
        row_number() over (
            partition by strategy_id, comparison, feature_name = 'all', severity <> 'ok'
            order by psi_low desc, feature_name
        ) as place
    from {{ ref("traffic_composition_drift") }}

),

shifts as (

    select * from {{ ref("offer_performance_shift") }}

),

traffic as (

    select
        strategy_id,
        'stable_traffic' as assumption,
        replace(comparison, '_', ' ') || ': ' || feature_name as subject,
        severity,
        sentence,
        advice,
        retrain_recommended
    from drifts
    where
        feature_name = 'all'
        or (severity <> 'ok' and place <= 5)

),

offers as (

    select
        strategy_id,
        'stable_performance' as assumption,
        offer_id as subject,
        severity,
        sentence,
        advice,
        retrain_recommended
    from shifts
    where severity <> 'ok'

),

tested as (

    select
        strategies.strategy_id,
        count(*) filter (where shifts.status = 'ok') as tested,
        count(*) filter (where shifts.status <> 'ok' and shifts.recent_displays > 0) as untested,
        count(*) filter (where shifts.severity <> 'ok') as changed
    from strategies
    left join shifts on strategies.strategy_id = shifts.strategy_id
    group by 1

),

summary as (

    select
        strategy_id,
        'stable_performance' as assumption,
        'all offers' as subject,
        case when tested = 0 and changed = 0 then 'notice' else 'ok' end as severity,
        case
            when tested = 0 and changed = 0 then 'No offer has enough random traffic to notice a sudden change.'
            when changed = 0 then
                'No offer changed suddenly; ' || tested || ' were compared, ' || untested || ' have too little random traffic.'
            else
                changed || ' of ' || tested || ' offers that could be compared changed suddenly; '
                || untested || ' have too little random traffic.'
        end as sentence,
        case when tested = 0 and changed = 0 then 'Explore with more of the traffic, or offer fewer alternatives.' end as advice,
        false as retrain_recommended
    from tested

),

final as (

    select * from traffic
    union all
    select * from offers
    union all
    select * from summary

)

select * from final
