{{ config(materialized="ephemeral") }}

with catalogue as (

    select * from {{ ref("int_offers") }}

),

displays as (

    select
        offer_id,
        profile_id
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}

),

members as (

    select distinct
        profile_id,
        segment_id
    from {{ ref("stg_segment_memberships") }}
    where reject_reason is null

),

held_segments as (

    select segment_id from members
    union all
    select feature_name as segment_id from {{ ref("stg_flat__features") }} where feature_kind = 'segment'

),

named_segments as (

    select
        case when rule = 'exclude' then 'excluded segment that nobody has' else 'segment that nobody has' end as finding,
        'eligibility_rules' as input_name,
        segment_id
    from {{ ref("stg_eligibility_rules") }}
    union all
    select
        'segment that nobody has' as finding,
        'strategy_segments' as input_name,
        segment_id
    from {{ ref("stg_strategy_segments") }}

),

-- Where there is a catalogue, what is displayed and what is listed should be the same offers.
unlisted as (

    select
        'displayed offer not in the catalogue' as finding,
        'displays' as input_name,
        displays.offer_id as id,
        min(listed.offer_id) as likely_id,
        count(*) as weight
    from displays
    inner join catalogue on displays.offer_id = catalogue.offer_id and not catalogue.is_listed
    left join catalogue as listed
        on listed.is_listed and {{ comparable_id("displays.offer_id") }} = {{ comparable_id("listed.offer_id") }}
    where exists (select 1 from catalogue where is_listed)
    group by 1, 2, 3

),

undisplayed as (

    select
        'offer never displayed' as finding,
        'offers' as input_name,
        offer_id as id,
        null as likely_id,
        1 as weight
    from catalogue
    where
        is_listed
        and status = 'approved'
        and offer_id not in (select offer_id from displays)

),

empty_segments as (

    select
        named_segments.finding,
        named_segments.input_name,
        named_segments.segment_id as id,
        min(others.segment_id) as likely_id,
        1 as weight
    from named_segments
    left join held_segments on named_segments.segment_id = held_segments.segment_id
    left join held_segments as others
        on {{ comparable_id("named_segments.segment_id") }} = {{ comparable_id("others.segment_id") }}
    where
        held_segments.segment_id is null
        and named_segments.segment_id is not null
    group by 1, 2, 3

),

caps as (

    select * from {{ ref("stg_capping_rules") }}

),

known_placements as (

    select placement_id from {{ ref("int_strategy_placements") }}
    union
    select placement_id from {{ ref("int_displays") }}

),

misplaced_caps as (

    select
        'cap in an unknown placement' as finding,
        'capping_rules' as input_name,
        caps.placement_id as id,
        min(others.placement_id) as likely_id,
        1 as weight
    from caps
    left join known_placements on caps.placement_id = known_placements.placement_id
    left join known_placements as others
        on {{ comparable_id("caps.placement_id") }} = {{ comparable_id("others.placement_id") }}
    where
        caps.placement_id is not null
        and known_placements.placement_id is null
    group by 1, 2, 3

),

known_event_types as (

    select event_type from {{ ref("int_events") }}
    union
    select unnest(success_event_types) as event_type from {{ ref("stg_ranking_strategies") }}
    union
    select unnest({{ counted_event_types() }}) as event_type

),

-- Letters of another case and a missing plural are what people get wrong.
uncounted_caps as (

    select
        'cap on an unknown event type' as finding,
        'capping_rules' as input_name,
        caps.capping_event as id,
        min(others.event_type) as likely_id,
        1 as weight
    from caps
    left join known_event_types on caps.capping_event = known_event_types.event_type
    left join known_event_types as others
        on rtrim(lower(caps.capping_event), 's') = rtrim(lower(others.event_type), 's')
    where
        known_event_types.event_type is null
        and caps.capping_event is not null
    group by 1, 2, 3

),

unseen_people as (

    select distinct
        'profile never seen' as finding,
        'segment_memberships' as input_name,
        profile_id as id,
        null as likely_id,
        1 as weight
    from members
    where
        profile_id not in (select profile_id from displays)
        and exists (select 1 from displays)

),

unioned as (

    select * from unlisted
    union all
    select * from undisplayed
    union all
    select * from empty_segments
    union all
    select * from misplaced_caps
    union all
    select * from uncounted_caps
    union all
    select * from unseen_people

),

totals as (

    select 'offer never displayed' as finding, count(*) as ids from catalogue where is_listed and status = 'approved'
    union all
    select 'profile never seen' as finding, count(distinct profile_id) as ids from members

),

final as (

    select
        unioned.finding,
        unioned.input_name,
        {{ first_texts("unioned.id", ["-unioned.weight", "unioned.id"]) }} as examples,
        {{ first_texts("unioned.likely_id", ["-unioned.weight", "unioned.id"]) }} as likely_ids,
        count(*) as ids,
        coalesce(count(*) = any_value(totals.ids), false) as is_all
    from unioned
    left join totals on unioned.finding = totals.finding
    group by 1, 2

)

select * from final
