{{ config(materialized="view", tags=["monitoring"]) }}

with displays as (

    select
        strategy_displays.*,
        strategy_displays.event_ts > {{ add_days(as_of(), "-7") }} as is_latest_week
    from {{ ref("int_strategy_displays") }} as strategy_displays
    where strategy_displays.is_in_lookback

),

display_counts as (

    select
        strategy_id,
        is_latest_week,
        count(*) as sample_size
    from displays
    group by 1, 2

),

contexts as (

    select
        displays.display_id,
        contexts.context
    from {{ ref("int_displays") }} as displays
    left join {{ ref("int_contexts") }} as contexts on displays.context_text = contexts.context_text

),

segments as (

    select * from {{ ref("int_display_segments") }}

),

-- Of very much traffic a part tells enough; people are drawn whole.
drawn_displays as (

    select displays.*
    from displays
    inner join display_counts
        on displays.strategy_id = display_counts.strategy_id
        and displays.is_latest_week = display_counts.is_latest_week
    where
        display_counts.sample_size <= {{ var("compared_displays") }}
        or {{ hash_share("displays.profile_id") }} < {{ var("compared_displays") }} / display_counts.sample_size

),

candidates as (

    select * from {{ ref("ranking_candidates") }}

),

-- Everybody is ranked for every placement of a strategy: one of them is one row a person.
first_placements as (

    select
        strategy_id,
        min(placement_id) as placement_id
    from candidates
    group by 1

),

ranked as (

    select
        candidates.*,
        seen.profile_id is not null as is_seen
    from candidates
    inner join first_placements
        on candidates.strategy_id = first_placements.strategy_id
        and candidates.placement_id = first_placements.placement_id
    left join (select distinct strategy_id, profile_id from displays) as seen
        on candidates.strategy_id = seen.strategy_id
        and candidates.profile_id = seen.profile_id

),

ranked_counts as (

    select
        strategy_id,
        count(*) filter (where is_seen) as base_size,
        count(*) as new_size
    from ranked
    group by 1

),

ranked_shares as (

    select
        ranked.*,
        {{ hash_share("ranked.profile_id") }} * ranked_counts.base_size as base_place,
        {{ hash_share("ranked.profile_id") }} * ranked_counts.new_size as new_place
    from ranked
    inner join ranked_counts on ranked.strategy_id = ranked_counts.strategy_id

),

-- Displays before the latest week, which is what its model had learned from, against those of the latest week; and of
-- the people who are ranked those who were shown something in the look-back against all, one row a person.
final as (

    select
        'latest_week' as comparison,
        not drawn_displays.is_latest_week as is_base,
        drawn_displays.strategy_id,
        drawn_displays.profile_id,
        drawn_displays.placement_id,
        drawn_displays.activity_id,
        drawn_displays.scope_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        contexts.context
    from drawn_displays
    inner join contexts on drawn_displays.display_id = contexts.display_id
    left join segments
        on drawn_displays.strategy_id = segments.strategy_id
        and drawn_displays.display_id = segments.display_id
    union all
    select
        'ranked_population' as comparison,
        true as is_base,
        strategy_id, profile_id, placement_id, activity_id, scope_id, segments, context
    from ranked_shares
    where is_seen and base_place < {{ var("compared_displays") }}
    union all
    select
        'ranked_population' as comparison,
        false as is_base,
        strategy_id, profile_id, placement_id, activity_id, scope_id, segments, context
    from ranked_shares
    where new_place < {{ var("compared_displays") }}

)

select * from final
