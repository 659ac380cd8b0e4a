with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

),

displays as (

    select * from {{ ref("int_displays") }} where event_ts <= {{ as_of() }}

),

-- A flat display whose file does not state when its outcome is final waits for the window if the strategy states one.
-- The longer of the training and the performance window is kept.
final as (

    select
        strategies.strategy_id,
        strategies.outcome_type,
        strategies.objective,
        displays.display_id,
        displays.source,
        displays.event_id,
        displays.event_ts,
        coalesce(displays.outcome_until, {{ add_hours("displays.event_ts", "strategies.window_hours") }}) as window_closes_at,
        case
            when displays.outcome_until is not null then displays.outcome_until <= {{ as_of() }}
            when displays.source = 'flat' and not coalesce(strategies.is_window_told, false) then true
            else {{ add_hours("displays.event_ts", "strategies.window_hours") }} <= {{ as_of() }}
        end as is_mature,
        displays.event_ts > {{ add_days(as_of(), "-strategies.lookback_days") }} as is_in_lookback,
        displays.profile_id,
        displays.offer_id,
        displays.activity_id,
        displays.scope_id,
        displays.placement_id,
        displays.position,
        displays.traffic_type,
        {{ arm_of(
            "displays.told_arm", "displays.traffic_type", "strategies.control_share", "strategy_offers.is_fallback"
        ) }} as arm,
        displays.propensity
    from displays
    inner join strategy_offers on displays.offer_id = strategy_offers.offer_id
    inner join strategies on strategy_offers.strategy_id = strategies.strategy_id
    where
        displays.event_ts > {{ add_days(as_of(), "-greatest(strategies.lookback_days, " ~ performance_days() ~ ")") }}
        and (
            strategies.placement_ids is null
            or {{ in_list("strategies.placement_ids", "displays.placement_id") }}
        )

)

select * from final
