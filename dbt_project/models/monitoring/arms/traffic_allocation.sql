with displays as (

    select
        offer_id,
        placement_id,
        event_ts::date as display_date,
        traffic_type,
        told_arm,
        count(*) as displays
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}
    group by 1, 2, 3, 4, 5

),

strategies as (

    select
        strategies.strategy_id,
        strategies.placement_ids,
        strategies.control_share,
        offers.offer_id,
        offers.is_fallback
    from {{ ref("stg_ranking_strategies") }} as strategies
    inner join {{ ref("int_strategy_offers") }} as offers on strategies.strategy_id = offers.strategy_id

),

final as (

    select
        strategies.strategy_id,
        displays.display_date,
        coalesce(displays.traffic_type, 'unknown') as traffic_type,
        {{ arm_of("displays.told_arm", "displays.traffic_type", "strategies.control_share", "strategies.is_fallback") }} as arm,
        sum(displays.displays)::bigint as displays,
        sum(displays.displays) / sum(sum(displays.displays)) over (partition by strategies.strategy_id, displays.display_date)
            as share
    from displays
    inner join strategies on displays.offer_id = strategies.offer_id
    where
        strategies.placement_ids is null
        or {{ in_list("strategies.placement_ids", "displays.placement_id") }}
    group by 1, 2, 3, 4

)

select * from final
