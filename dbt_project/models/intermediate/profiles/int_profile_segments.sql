with memberships as (

    select
        profile_id,
        segment_id
    from {{ ref("stg_segment_memberships") }}
    where
        reject_reason is null
        and coalesce(qualified_at, {{ as_of() }}) <= {{ as_of() }}
        and (exited_at is null or exited_at > {{ as_of() }})

),

flat as (

    select
        profile_id,
        segments,
        row_number() over (partition by profile_id order by event_ts desc, display_id) as recency
    from {{ ref("int_displays") }}
    where
        source = 'flat'
        and event_ts <= {{ as_of() }}

),

flat_segments as (

    select feature_name as segment_id
    from {{ ref("stg_flat__features") }}
    where feature_kind = 'segment'

),

-- Flat displays state their segments. If flat files have a column for a segment, the last display decides, as in
-- training.
unioned as (

    select
        profile_id,
        segment_id
    from memberships
    where
        segment_id not in (select segment_id from flat_segments)
        or profile_id not in (select profile_id from flat)
    union all
    select
        profile_id,
        unnest(segments) as segment_id
    from flat
    where recency = 1

),

final as (

    select
        profile_id,
        {{ sorted_list("segment_id") }} as segments
    from unioned
    group by 1

)

select * from final
