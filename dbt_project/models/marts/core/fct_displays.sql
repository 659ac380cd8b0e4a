{{ config(materialized="view") }}

with displays as (

    select * from {{ ref("int_displays") }} where event_ts <= {{ as_of() }}

),

contexts as (

    select * from {{ ref("int_contexts") }}

),

interactions as (

    select
        display_id,
        count(*) filter (where interaction_kind = 'interact') as clicks,
        count(*) filter (where interaction_kind = 'dismiss') as dismissals,
        min(event_ts) filter (where interaction_kind = 'interact') as first_click_ts
    from {{ ref("int_attributed_interactions") }}
    where
        display_id is not null
        and event_ts <= {{ as_of() }}
    group by 1

),

controlled as (

    select
        displays.display_id,
        max(strategies.control_share) as control_share
    from displays
    inner join {{ ref("int_strategy_offers") }} as strategy_offers on displays.offer_id = strategy_offers.offer_id
    inner join {{ ref("stg_ranking_strategies") }} as strategies on strategy_offers.strategy_id = strategies.strategy_id
    where
        displays.traffic_type = 'noncontextual'
        and not coalesce(strategy_offers.is_fallback, false)
        and (
            strategies.placement_ids is null
            or {{ in_list("strategies.placement_ids", "displays.placement_id") }}
        )
    group by 1

),

final as (

    select
        displays.display_id,
        displays.source,
        displays.event_id,
        displays.event_ts,
        displays.profile_id,
        displays.proposition_id,
        displays.offer_id,
        displays.activity_id,
        displays.scope_id,
        displays.placement_id,
        displays.position,
        displays.traffic_type,
        {{ arm_of("displays.told_arm", "displays.traffic_type", "controlled.control_share", "false") }} as arm,
        displays.propensity,
        contexts.context,
        coalesce(interactions.clicks, displays.is_clicked::int, 0)::bigint as clicks,
        coalesce(interactions.dismissals, 0)::bigint as dismissals,
        interactions.first_click_ts,
        coalesce(interactions.clicks > 0, displays.is_clicked, false) as is_clicked,
        displays.value
    from displays
    left join contexts on displays.context_text = contexts.context_text
    left join interactions on displays.display_id = interactions.display_id
    left join controlled on displays.display_id = controlled.display_id

)

select * from final
