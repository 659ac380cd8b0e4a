-- The shares of a strategy's arms sum to 1 on every date.
select
    strategy_id,
    display_date,
    sum(share) as total_share
from {{ ref("traffic_allocation") }}
group by 1, 2
having abs(sum(share) - 1) > 1e-9
