-- No training example of an XDM display whose attribution window was still open at as_of, none from before the look-back.
select
    examples.strategy_id,
    examples.display_id,
    examples.event_ts
from {{ ref("training_examples") }} as examples
inner join {{ ref("dim_ranking_strategies") }} as strategies on examples.strategy_id = strategies.strategy_id
inner join {{ ref("int_displays") }} as displays on examples.display_id = displays.display_id
where
    examples.event_ts <= {{ add_days(as_of(), "-strategies.lookback_days") }}
    or (
        displays.source = 'xdm'
        and {{ add_hours("examples.event_ts", "strategies.window_hours") }} > {{ as_of() }}
    )
