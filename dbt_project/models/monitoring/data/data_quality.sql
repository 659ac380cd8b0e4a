with strategies as (

    select
        *,
        {{ add_days(as_of(), "-greatest(lookback_days, " ~ performance_days() ~ ")") }} as since
    from {{ ref("stg_ranking_strategies") }}

),

-- Without a catalogue, every displayed offer counts as listed.
displays as (

    select
        displays.*,
        offers.is_listed or not (select bool_or(is_listed) from {{ ref("dim_offers") }}) as is_listed
    from {{ ref("int_strategy_displays") }} as displays
    inner join {{ ref("dim_offers") }} as offers on displays.offer_id = offers.offer_id

),

interactions as (

    select
        strategies.strategy_id,
        interactions.event_ts,
        interactions.display_id is not null as is_in_order
    from {{ ref("int_attributed_interactions") }} as interactions
    inner join {{ ref("int_strategy_offers") }} as strategy_offers on interactions.offer_id = strategy_offers.offer_id
    inner join strategies on strategy_offers.strategy_id = strategies.strategy_id
    where
        interactions.interaction_kind in ('interact', 'dismiss')
        and interactions.event_ts > strategies.since
        and interactions.event_ts <= {{ as_of() }}
        and (
            strategies.placement_ids is null
            or interactions.display_id is null and interactions.placement_id = 'default'
            or {{ in_list("strategies.placement_ids", "interactions.placement_id") }}
        )

),

successes as (

    select distinct
        strategy_id,
        success_id
    from {{ ref("int_attributed_successes") }}

),

conversions as (

    select
        strategies.strategy_id,
        events.event_ts,
        successes.success_id is not null as is_in_order
    from {{ ref("int_events") }} as events
    inner join strategies on {{ in_list("strategies.success_event_types", "events.event_type") }}
    left join successes
        on strategies.strategy_id = successes.strategy_id
        and events.event_id = successes.success_id
    where
        {{ is_conversion("events") }}
        and events.event_ts > strategies.since
        and events.event_ts <= {{ as_of() }}

),

unioned as (

    select 'outcome_is_final' as measure, strategy_id, event_ts, is_mature as is_in_order from displays
    union all
    select 'propensity_is_known' as measure, strategy_id, event_ts, propensity is not null as is_in_order from displays
    union all
    select 'offer_is_listed' as measure, strategy_id, event_ts, is_listed as is_in_order from displays
    union all
    select 'interaction_has_display' as measure, strategy_id, event_ts, is_in_order from interactions
    union all
    select 'conversion_has_display' as measure, strategy_id, event_ts, is_in_order from conversions

),

final as (

    select
        strategy_id,
        measure,
        event_ts::date as event_date,
        count(*) as records,
        count(*) filter (where is_in_order) as records_in_order
    from unioned
    group by 1, 2, 3

)

select * from final
