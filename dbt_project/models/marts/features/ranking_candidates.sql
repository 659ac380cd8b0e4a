with strategy_placements as (

    select * from {{ ref("int_strategy_placements") }}

),

strategy_segments as (

    select
        strategy_id,
        {{ sorted_list("segment_id") }} as segments
    from {{ ref("int_strategy_segments") }}
    group by 1

),

contexts as (

    select * from {{ ref("int_profile_contexts") }}

),

profile_segments as (

    select
        profile_id,
        segments,
        array_to_string(segments, chr(31)) as segments_text
    from {{ ref("int_profile_segments") }}

),

-- Many people are in the same segments, and comparing texts is faster than comparing lists.
shared_segments as (

    select
        strategy_segments.strategy_id,
        together.segments_text,
        {{ shared_values("together.segments", "strategy_segments.segments") }} as segments
    from (select segments_text, min(segments) as segments from profile_segments group by 1) as together
    cross join strategy_segments

),

rule_segments as (

    select * from {{ ref("int_profile_rule_segments") }}

),

exclusions as (

    select * from {{ ref("int_profile_exclusions") }}

),

profiles as (

    select distinct profile_id from contexts
    union
    select profile_id from profile_segments
    union
    select distinct profile_id
    from {{ ref("int_events") }}
    where event_ts <= {{ as_of() }}

),

-- The usual context of the profile in this placement, or else in the placement where it was last seen.
final as (

    select
        strategy_placements.strategy_id,
        profiles.profile_id,
        strategy_placements.placement_id,
        coalesce(here.activity_id, strategy_placements.usual_activity_id) as activity_id,
        coalesce(here.scope_id, strategy_placements.usual_scope_id) as scope_id,
        coalesce(shared_segments.segments, {{ empty_list() }}) as segments,
        case
            when computed.features is null then coalesce(here.context, anywhere.context, {{ empty_map() }})
            else {{ merged_maps("coalesce(here.context, anywhere.context, " ~ empty_map() ~ ")", "computed.features") }}
        end as context,
        {{ eligibility_set_id(
            "strategy_placements.strategy_id",
            "strategy_placements.placement_id",
            "coalesce(rule_segments.segments, " ~ empty_list() ~ ")",
        ) }} as eligibility_set_id,
        coalesce(rule_segments.segments, {{ empty_list() }}) as rule_segments,
        exclusions.offer_ids as excluded_offer_ids
    from profiles
    cross join strategy_placements
    left join contexts as here
        on profiles.profile_id = here.profile_id
        and strategy_placements.placement_id = here.placement_id
    left join contexts as anywhere
        on profiles.profile_id = anywhere.profile_id and anywhere.recency = 1
    left join {{ ref("int_profile_features") }} as computed on profiles.profile_id = computed.profile_id
    left join profile_segments on profiles.profile_id = profile_segments.profile_id
    left join shared_segments
        on strategy_placements.strategy_id = shared_segments.strategy_id
        and profile_segments.segments_text = shared_segments.segments_text
    left join rule_segments on profiles.profile_id = rule_segments.profile_id
    left join exclusions
        on profiles.profile_id = exclusions.profile_id
        and strategy_placements.placement_id = exclusions.placement_id

)

select * from final
