with outcomes as (

    select *
    from {{ ref("int_display_outcomes") }}
    where
        is_mature
        and is_in_lookback
        and reward is not null

),

displays as (

    select
        display_id,
        position,
        context
    from {{ ref("int_displays") }}

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
        outcomes.strategy_id,
        outcomes.display_id,
        outcomes.event_ts,
        outcomes.profile_id,
        outcomes.offer_id,
        outcomes.placement_id,
        outcomes.activity_id,
        outcomes.scope_id,
        coalesce(displays.position, 1)::int as position,
        cell_sets.eligibility_set_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        displays.context,
        outcomes.traffic_type,
        case
            when outcomes.propensity is not null then outcomes.propensity
            when outcomes.traffic_type = 'random' then 1 / cell_sets.eligible_count
        end as propensity,
        case
            when outcomes.propensity is not null then 'logged'
            when outcomes.traffic_type = 'random' then 'eligible_count'
            else 'unknown'
        end as propensity_source,
        outcomes.is_success,
        outcomes.reward
    from outcomes
    inner join displays on outcomes.display_id = displays.display_id
    inner join display_cells
        on outcomes.strategy_id = display_cells.strategy_id
        and outcomes.display_id = display_cells.display_id
    inner join cell_sets
        on display_cells.cell_id = cell_sets.cell_id
        and display_cells.offer_id = cell_sets.offer_id
    left join segments
        on outcomes.strategy_id = segments.strategy_id
        and outcomes.display_id = segments.display_id

)

select * from final
