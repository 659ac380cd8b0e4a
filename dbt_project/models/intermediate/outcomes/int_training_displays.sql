with outcomes as (

    select *
    from {{ ref("int_display_outcomes") }}
    where
        is_mature
        and is_in_lookback
        and reward is not null

),

sizes as (

    select
        strategy_id,
        count(*) as displays
    from outcomes
    group by 1

),

-- A sample of many displays is enough to train on; a hash of the profile id keeps or drops all displays of a profile.
final as (

    select
        outcomes.strategy_id,
        outcomes.display_id,
        outcomes.source,
        outcomes.event_ts,
        outcomes.profile_id,
        outcomes.offer_id,
        outcomes.activity_id,
        outcomes.scope_id,
        outcomes.placement_id,
        outcomes.traffic_type,
        outcomes.propensity,
        outcomes.is_success,
        outcomes.reward
    from outcomes
    inner join sizes on outcomes.strategy_id = sizes.strategy_id
    where
        sizes.displays <= {{ var("training_displays") }}
        or {{ hash_share("outcomes.profile_id") }} < {{ var("training_displays") }} / sizes.displays

)

select * from final
