-- Displays for training and for the comparison of traffic.
with displays as (

    select
        strategy_id,
        display_id,
        profile_id,
        event_ts,
        source
    from {{ ref("int_training_displays") }}
    union
    select
        strategy_id,
        display_id,
        profile_id,
        event_ts,
        source
    from {{ ref("int_traffic_displays") }}

),

-- A set of segments is an integer with one bit per segment. A strategy has at most 50.
strategy_segments as (

    select
        strategy_id,
        segment_id,
        1::bigint << (row_number() over (partition by strategy_id order by segment_id) - 1)::int as bit
    from {{ ref("int_strategy_segments") }}

),

memberships as (

    select
        profile_id,
        segment_id,
        qualified_at,
        exited_at
    from {{ ref("stg_segment_memberships") }}
    where reject_reason is null

),

flat_segments as (

    select feature_name as segment_id
    from {{ ref("stg_flat__features") }}
    where feature_kind = 'segment'

),

-- Membership at the time of the display, from qualified_at, included, to exited_at, excluded. Flat displays state the
-- segments that their files have a column for.
as_of_display as (

    select
        displays.strategy_id,
        displays.display_id,
        strategy_segments.bit
    from displays
    inner join memberships
        on displays.profile_id = memberships.profile_id
        and coalesce(memberships.qualified_at, displays.event_ts) <= displays.event_ts
        and (memberships.exited_at is null or memberships.exited_at > displays.event_ts)
    inner join strategy_segments
        on displays.strategy_id = strategy_segments.strategy_id
        and memberships.segment_id = strategy_segments.segment_id
    left join flat_segments on memberships.segment_id = flat_segments.segment_id
    where
        displays.source = 'xdm'
        or flat_segments.segment_id is null

),

flat_displays as (

    select
        display_id,
        unnest(segments) as segment_id
    from {{ ref("int_displays") }}
    where source = 'flat'

),

given as (

    select
        displays.strategy_id,
        displays.display_id,
        strategy_segments.bit
    from displays
    inner join flat_displays on displays.display_id = flat_displays.display_id
    inner join strategy_segments
        on displays.strategy_id = strategy_segments.strategy_id
        and flat_displays.segment_id = strategy_segments.segment_id
    where displays.source = 'flat'

),

unioned as (

    select * from as_of_display
    union all
    select * from given

),

sets as (

    select
        strategy_id,
        display_id,
        bit_or(bit) as bits
    from unioned
    group by 1, 2

),

-- There are few distinct sets, and aggregating lists is slow.
lists as (

    select
        sets.strategy_id,
        sets.bits,
        {{ sorted_list("strategy_segments.segment_id") }} as segments
    from (select distinct strategy_id, bits from sets) as sets
    inner join strategy_segments
        on sets.strategy_id = strategy_segments.strategy_id
        and (sets.bits & strategy_segments.bit) <> 0
    group by 1, 2

),

final as (

    select
        sets.strategy_id,
        sets.display_id,
        lists.segments
    from sets
    inner join lists on sets.strategy_id = lists.strategy_id and sets.bits = lists.bits

)

select * from final
