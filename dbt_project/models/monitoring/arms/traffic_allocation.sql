with displays as (

    select
        strategy_id,
        event_ts::date as display_date,
        coalesce(traffic_type, 'unknown') as traffic_type
    from {{ ref("int_strategy_displays") }}

),

final as (

    select
        strategy_id,
        display_date,
        traffic_type,
        count(*) as displays,
        count(*) / sum(count(*)) over (partition by strategy_id, display_date) as share
    from displays
    group by 1, 2, 3

)

select * from final
