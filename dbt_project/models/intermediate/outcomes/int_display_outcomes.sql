with displays as (

    select * from {{ ref("int_strategy_displays") }}

),

flat as (

    select
        display_id,
        is_clicked,
        value
    from {{ ref("int_displays") }}
    where source = 'flat'

),

successes as (

    select
        strategy_id,
        display_id,
        min(success_ts) as first_success_ts,
        {{ exact_sum("value") }} as value
    from {{ ref("int_attributed_successes") }}
    group by 1, 2

),

offers as (

    select * from {{ ref("int_offers") }}

),

-- A flat display states its outcome. A missing outcome is unknown.
outcomes as (

    select
        displays.strategy_id,
        displays.outcome_type,
        displays.objective,
        displays.display_id,
        displays.source,
        displays.event_ts,
        displays.profile_id,
        displays.offer_id,
        displays.activity_id,
        displays.scope_id,
        displays.placement_id,
        displays.traffic_type,
        displays.arm,
        displays.propensity,
        displays.is_mature,
        displays.is_in_lookback,
        successes.first_success_ts,
        case
            when displays.source = 'xdm' then successes.display_id is not null
            when displays.outcome_type = 'binary' then flat.is_clicked
            else coalesce(flat.is_clicked, flat.value > 0)
        end as is_success,
        case
            when displays.source = 'xdm' and displays.outcome_type = 'binary' then (successes.display_id is not null)::int::double
            when displays.source = 'xdm' then coalesce(successes.value, 0)
            when displays.outcome_type = 'binary' then flat.is_clicked::int::double
            else flat.value
        end as reward
    from displays
    left join flat on displays.display_id = flat.display_id and displays.source = 'flat'
    left join successes
        on displays.strategy_id = successes.strategy_id
        and displays.display_id = successes.display_id

),

-- Past displays are valued at the costs of the catalogue at as_of, because these costs apply to the next displays.
final as (

    select
        outcomes.* exclude (outcome_type, objective, reward),
        case
            when outcomes.objective = 'net_value'
                then {{ net_value("outcomes.reward", "outcomes.is_success", "outcomes.outcome_type", "offers") }}
            else outcomes.reward
        end as reward
    from outcomes
    left join offers on outcomes.offer_id = offers.offer_id

)

select * from final
