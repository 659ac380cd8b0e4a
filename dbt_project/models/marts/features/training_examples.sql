with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

training_displays as (

    select * from {{ ref("int_training_displays") }}

),

displays as (

    select
        display_id,
        position,
        context_text
    from {{ ref("int_displays") }}

),

contexts as (

    select * from {{ ref("int_contexts") }}

),

segments as (

    select * from {{ ref("int_display_segments") }}

),

display_groups as (

    select * from {{ ref("int_display_choice_groups") }}

),

group_offers as (

    select * from {{ ref("int_choice_group_offers") }}

),

-- In uniform random traffic, all orders of the eligible offers are equally likely, so each offer has the same
-- probability at each position. Informed exploration must log its propensities.
final as (

    select
        training_displays.strategy_id,
        training_displays.display_id,
        training_displays.event_ts,
        training_displays.profile_id,
        training_displays.offer_id,
        training_displays.placement_id,
        training_displays.activity_id,
        training_displays.scope_id,
        coalesce(displays.position, 1)::int as position,
        group_offers.eligibility_set_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        case
            when computed.features is null then contexts.context
            else {{ merged_maps("coalesce(contexts.context, " ~ empty_map() ~ ")", "computed.features") }}
        end as context,
        training_displays.traffic_type,
        case
            when training_displays.propensity is not null then training_displays.propensity
            when training_displays.traffic_type = 'random' and strategies.exploration = 'uniform'
                then 1 / group_offers.eligible_count
        end as propensity,
        case
            when training_displays.propensity is not null then 'logged'
            when training_displays.traffic_type = 'random' and strategies.exploration = 'uniform' then 'eligible_count'
            else 'unknown'
        end as propensity_source,
        training_displays.is_success,
        training_displays.reward
    from training_displays
    inner join strategies on training_displays.strategy_id = strategies.strategy_id
    inner join displays on training_displays.display_id = displays.display_id
    inner join display_groups
        on training_displays.strategy_id = display_groups.strategy_id
        and training_displays.display_id = display_groups.display_id
    inner join group_offers
        on display_groups.choice_group_id = group_offers.choice_group_id
        and display_groups.offer_id = group_offers.offer_id
    left join contexts on displays.context_text = contexts.context_text
    left join {{ ref("int_display_profile_features") }} as computed
        on training_displays.display_id = computed.display_id
    left join segments
        on training_displays.strategy_id = segments.strategy_id
        and training_displays.display_id = segments.display_id

)

select * from final
