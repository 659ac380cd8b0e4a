with rule_segments as (

    select distinct segment_id from {{ ref("stg_eligibility_rules") }}

),

displays as (

    select distinct
        display_id,
        profile_id,
        event_ts,
        source
    from {{ ref("int_training_displays") }}
    where exists (select 1 from rule_segments)

),

memberships as (

    select
        memberships.profile_id,
        memberships.segment_id,
        memberships.qualified_at,
        memberships.exited_at,
        flat_segments.feature_name is not null as is_told_by_flat_displays
    from {{ ref("stg_segment_memberships") }} as memberships
    inner join rule_segments on memberships.segment_id = rule_segments.segment_id
    left join {{ ref("stg_flat__features") }} as flat_segments
        on memberships.segment_id = flat_segments.feature_name
        and flat_segments.feature_kind = 'segment'
    where memberships.reject_reason is null

),

as_of_display as (

    select
        displays.display_id,
        memberships.segment_id
    from displays
    inner join memberships
        on displays.profile_id = memberships.profile_id
        and coalesce(memberships.qualified_at, displays.event_ts) <= displays.event_ts
        and (memberships.exited_at is null or memberships.exited_at > displays.event_ts)
    where
        displays.source = 'xdm'
        or not memberships.is_told_by_flat_displays

),

flat as (

    select
        flat_displays.display_id,
        unnest(flat_displays.segments) as segment_id
    from {{ ref("int_displays") }} as flat_displays
    inner join displays on flat_displays.display_id = displays.display_id
    where flat_displays.source = 'flat'

),

unioned as (

    select * from as_of_display
    union all
    select
        flat.display_id,
        flat.segment_id
    from flat
    inner join rule_segments on flat.segment_id = rule_segments.segment_id

),

-- Like int_display_segments, for the segments that eligibility rules name.
final as (

    select
        display_id,
        {{ sorted_list("segment_id") }} as segments
    from unioned
    group by 1

)

select * from final
