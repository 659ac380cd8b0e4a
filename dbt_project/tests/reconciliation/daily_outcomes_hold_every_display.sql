-- The displays per strategy, date and arm equal those of traffic_allocation. Traffic is kept for longer than outcomes,
-- and the first day of outcomes may be incomplete.
with outcomes as (

    select
        strategy_id,
        display_date,
        arm,
        sum(displays) as displays
    from {{ ref("daily_outcomes") }}
    group by 1, 2, 3

)

select
    coalesce(outcomes.strategy_id, traffic.strategy_id) as strategy_id,
    coalesce(outcomes.display_date, traffic.display_date) as display_date,
    outcomes.displays as counted,
    traffic.displays as shown
from outcomes
full join {{ ref("traffic_allocation") }} as traffic
    on outcomes.strategy_id = traffic.strategy_id
    and outcomes.display_date = traffic.display_date
    and outcomes.arm = traffic.arm
where
    outcomes.displays is distinct from traffic.displays
    and coalesce(outcomes.display_date, traffic.display_date) > ({{ add_days(as_of(), "-" ~ performance_days()) }})::date
