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

-- Of very many displays a part teaches enough; people are drawn whole, by nothing but their id.
sampled as (

    select outcomes.*
    from outcomes
    inner join sizes on outcomes.strategy_id = sizes.strategy_id
    where
        sizes.displays <= {{ var("training_displays") }}
        or {{ hash_share("outcomes.profile_id") }} < {{ var("training_displays") }} / sizes.displays

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

display_cells as (

    select * from {{ ref("int_display_cells") }}

),

cell_sets as (

    select * from {{ ref("int_cell_sets") }}

),

-- Every order of the eligible offers is as likely as any other in random traffic, so that each has the same chance of
-- each position.
final as (

    select
        sampled.strategy_id,
        sampled.display_id,
        sampled.event_ts,
        sampled.profile_id,
        sampled.offer_id,
        sampled.placement_id,
        sampled.activity_id,
        sampled.scope_id,
        coalesce(displays.position, 1)::int as position,
        cell_sets.eligibility_set_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        contexts.context,
        sampled.traffic_type,
        case
            when sampled.propensity is not null then sampled.propensity
            when sampled.traffic_type = 'random' then 1 / cell_sets.eligible_count
        end as propensity,
        case
            when sampled.propensity is not null then 'logged'
            when sampled.traffic_type = 'random' then 'eligible_count'
            else 'unknown'
        end as propensity_source,
        sampled.is_success,
        sampled.reward
    from sampled
    inner join displays on sampled.display_id = displays.display_id
    inner join display_cells
        on sampled.strategy_id = display_cells.strategy_id
        and sampled.display_id = display_cells.display_id
    inner join cell_sets
        on display_cells.cell_id = cell_sets.cell_id
        and display_cells.offer_id = cell_sets.offer_id
    left join contexts on displays.context_text = contexts.context_text
    left join segments
        on sampled.strategy_id = segments.strategy_id
        and sampled.display_id = segments.display_id

)

select * from final
