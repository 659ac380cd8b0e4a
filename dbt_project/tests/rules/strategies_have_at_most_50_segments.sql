-- 50 segments are the most that a strategy's model takes.
select
    strategy_id,
    count(*) as segments
from {{ ref("strategy_features") }}
where feature_kind = 'segment'
group by 1
having count(*) > 50
