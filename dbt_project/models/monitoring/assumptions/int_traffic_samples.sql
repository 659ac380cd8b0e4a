{{ config(materialized="view") }}

with displays as (

    select * from {{ ref("int_traffic_displays") }}

),

contexts as (

    select
        all_displays.display_id,
        case
            when computed.features is null then contexts.context
            else {{ merged_maps("coalesce(contexts.context, " ~ empty_map() ~ ")", "computed.features") }}
        end as context
    from {{ ref("int_displays") }} as all_displays
    left join {{ ref("int_display_profile_features") }} as computed
        on all_displays.display_id = computed.display_id
    left join {{ ref("int_contexts") }} as contexts on all_displays.context_text = contexts.context_text

),

segments as (

    select * from {{ ref("int_display_segments") }}

),

candidates as (

    select * from {{ ref("ranking_candidates") }}

),

-- Everybody is ranked for every placement of a strategy, so one placement has one row per person.
first_placements as (

    select
        strategy_id,
        min(placement_id) as placement_id
    from candidates
    group by 1

),

seen as (

    select distinct
        strategy_id,
        profile_id
    from {{ ref("int_strategy_displays") }}
    where is_in_lookback

),

ranked as (

    select
        candidates.*,
        seen.profile_id is not null as is_seen
    from candidates
    inner join first_placements
        on candidates.strategy_id = first_placements.strategy_id
        and candidates.placement_id = first_placements.placement_id
    left join seen
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

-- Displays before the latest week (the training data of its model) against displays of the latest week; and people with
-- a display in the look-back against all ranked people, one row per person.
final as (

    select
        'latest_week' as comparison,
        not displays.is_latest_week as is_base,
        displays.strategy_id,
        displays.profile_id,
        displays.placement_id,
        displays.activity_id,
        displays.scope_id,
        coalesce(segments.segments, {{ empty_list() }}) as segments,
        contexts.context
    from displays
    inner join contexts on displays.display_id = contexts.display_id
    left join segments
        on displays.strategy_id = segments.strategy_id
        and displays.display_id = segments.display_id
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
