-- A success lies in the attribution window of its display: not before the display, not after the window closed.
select
    successes.strategy_id,
    successes.success_id
from {{ ref("int_attributed_successes") }} as successes
inner join {{ ref("int_strategy_displays") }} as displays
    on successes.strategy_id = displays.strategy_id
    and successes.display_id = displays.display_id
where
    successes.success_ts < displays.event_ts
    or successes.success_ts > displays.window_closes_at
