{{ config(materialized="ephemeral") }}

with held_segments as (

    {{ held_segments() }}

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
    where held_segments.segment_id is null and named_segments.segment_id is not null
    group by 1, 2, 3

),

caps as (

    select * from {{ ref("stg_capping_rules") }}

),

placed_restrictions as (

    {% for finding, model, placements in [
        ("cap in an unknown placement", "stg_capping_rules", "placement_id"),
        ("exclusion in an unknown placement", "eligibility_exclusions", "placement_id"),
        ("placement without displays", "stg_offers", "unnest(placement_ids)"),
    ] %}
    select
        '{{ finding }}' as finding,
        '{{ model.removeprefix("stg_") }}' as input_name,
        {{ placements }} as placement_id
    from {{ ref(model) }}
    {{ "union all" if not loop.last }} {% endfor %}

),

known_placements as (

    select placement_id, false as is_displayed from {{ ref("int_strategy_placements") }}
    union
    select placement_id, true as is_displayed from {{ ref("int_displays") }}

),

misplaced_restrictions as (

    select
        placed_restrictions.finding,
        placed_restrictions.input_name,
        placed_restrictions.placement_id as id,
        coalesce(min(others.placement_id), {{ likely_list("placed_restrictions.placement_id") }}) as likely_id,
        1 as weight
    from placed_restrictions
    left join known_placements
        on placed_restrictions.placement_id = known_placements.placement_id
        and (known_placements.is_displayed or placed_restrictions.input_name <> 'offers')
    left join known_placements as others
        on {{ comparable_id("placed_restrictions.placement_id") }} = {{ comparable_id("others.placement_id") }}
        and placed_restrictions.placement_id <> others.placement_id
    where placed_restrictions.placement_id is not null and known_placements.placement_id is null
    group by 1, 2, 3

),

known_event_types as (

    select event_type from {{ ref("int_events") }}
    union
    select unnest(success_event_types) as event_type from {{ ref("stg_ranking_strategies") }}
    union
    select unnest({{ counted_event_types() }}) as event_type

),

-- Typical mistakes are upper case and a missing plural.
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

-- A custom event may carry the propositions that it is a success of, so only names like these are likely displays.
unknown_displays as (

    select distinct
        'unknown type of display' as finding,
        'experience_events' as input_name,
        event_type as id,
        null as likely_id,
        1 as weight
    from {{ ref("stg_xdm__events") }}
    where event_kind = 'custom' and len(propositions) > 0 and regexp_matches(lower(event_type), '(^|[^s])display|impression|render')

),

final as (

    select * from unknown_displays
    union all
    select * from empty_segments
    union all
    select * from misplaced_restrictions
    union all
    select * from uncounted_caps

)

select * from final
