{{ config(materialized="view", tags=["monitoring"]) }}

with displays as (

    select
        strategy_displays.*,
        strategy_displays.event_ts > {{ add_days(as_of(), "-7") }} as is_latest_week
    from {{ ref("int_strategy_displays") }} as strategy_displays
    where strategy_displays.is_in_lookback

),

contexts as (

    select
        display_id,
        context
    from {{ ref("int_displays") }}

),

segments as (

    select * from {{ ref("int_display_segments") }}

),

candidates as (

    select
        *,
        row_number() over (partition by strategy_id, profile_id order by placement_id) as place
    from {{ ref("ranking_candidates") }}

),

described as (

    select
        displays.strategy_id,
        displays.profile_id,
        displays.is_latest_week,
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

),

ranked as (

    select * from candidates where place = 1

),

-- Displays before the latest week, which is what its model had learned from, against those of the latest week; and of
-- the people who are ranked those who were shown something in the look-back against all, one row a person.
unioned as (

    select
        'latest_week' as comparison,
        not is_latest_week as is_base,
        strategy_id, profile_id, placement_id, activity_id, scope_id, segments, context
    from described
    union all
    select
        'ranked_population' as comparison,
        true as is_base,
        strategy_id, profile_id, placement_id, activity_id, scope_id, segments, context
    from ranked
    where (strategy_id, profile_id) in (select strategy_id, profile_id from displays)
    union all
    select
        'ranked_population' as comparison,
        false as is_base,
        strategy_id, profile_id, placement_id, activity_id, scope_id, segments, context
    from ranked

),

sized as (

    select
        *,
        count(*) over (partition by strategy_id, comparison, is_base) as sample_size
    from unioned

),

-- Of very much traffic a part tells enough; people are drawn whole.
final as (

    select
        comparison, is_base, strategy_id, profile_id, placement_id, activity_id, scope_id, segments, context
    from sized
    where
        sample_size <= {{ var("compared_displays") }}
        or {{ hash_share("profile_id") }} < {{ var("compared_displays") }} / sample_size

)

select * from final
