with training_displays as (

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
        training_displays.strategy_id,
        training_displays.display_id,
        training_displays.event_ts,
        training_displays.profile_id,
        training_displays.offer_id,
        training_displays.placement_id,
        training_displays.activity_id,
        training_displays.scope_id,
        coalesce(displays.position, 1)::int as position,
        cell_sets.eligibility_set_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        contexts.context,
        training_displays.traffic_type,
        case
            when training_displays.propensity is not null then training_displays.propensity
            when training_displays.traffic_type = 'random' then 1 / cell_sets.eligible_count
        end as propensity,
        case
            when training_displays.propensity is not null then 'logged'
            when training_displays.traffic_type = 'random' then 'eligible_count'
            else 'unknown'
        end as propensity_source,
        training_displays.is_success,
        training_displays.reward
    from training_displays
    inner join displays on training_displays.display_id = displays.display_id
    inner join display_cells
        on training_displays.strategy_id = display_cells.strategy_id
        and training_displays.display_id = display_cells.display_id
    inner join cell_sets
        on display_cells.cell_id = cell_sets.cell_id
        and display_cells.offer_id = cell_sets.offer_id
    left join contexts on displays.context_text = contexts.context_text
    left join segments
        on training_displays.strategy_id = segments.strategy_id
        and training_displays.display_id = segments.display_id

)

select * from final
