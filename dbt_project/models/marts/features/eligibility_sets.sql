with groups as (

    select distinct segments from {{ ref("int_profile_rule_segments") }}
    union all
    select {{ empty_list() }} as segments

),

strategy_placements as (

    select * from {{ ref("int_strategy_placements") }}

),

strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

),

offers as (

    select *
    from {{ ref("int_offers") }}
    where
        status = 'approved'
        and not is_fallback
        and coalesce(start_date, {{ as_of() }}) <= {{ as_of() }}
        and (end_date is null or end_date > {{ as_of() }})

),

rules as (

    select * from {{ ref("stg_eligibility_rules") }}

),

exclusions as (

    select
        offer_id,
        placement_id
    from {{ ref("int_capped_offers") }}
    where profile_id is null
    union all
    select
        offer_id,
        placement_id
    from {{ ref("eligibility_exclusions") }}
    where profile_id is null

),

-- For a group of people: an offer with include rules needs one of their segments, and none of its exclude rules.
judged as (

    select
        groups.segments,
        offers.offer_id,
        coalesce(bool_or({{ in_list("groups.segments", "rules.segment_id") }}) filter (where rules.rule = 'include'), true)
            as is_included,
        coalesce(bool_or({{ in_list("groups.segments", "rules.segment_id") }}) filter (where rules.rule = 'exclude'), false)
            as is_excluded
    from groups
    cross join offers
    left join rules on offers.offer_id = rules.offer_id
    group by 1, 2

),

final as (

    select
        {{ eligibility_set_id("strategy_placements.strategy_id", "strategy_placements.placement_id", "judged.segments") }}
            as eligibility_set_id,
        strategy_placements.strategy_id,
        strategy_placements.placement_id,
        len(judged.segments) = 0 as is_default,
        judged.offer_id
    from judged
    inner join offers on judged.offer_id = offers.offer_id
    inner join strategy_offers on judged.offer_id = strategy_offers.offer_id
    inner join strategy_placements
        on strategy_offers.strategy_id = strategy_placements.strategy_id
        and (
            offers.placement_ids is null
            or {{ in_list("offers.placement_ids", "strategy_placements.placement_id") }}
        )
    where
        judged.is_included
        and not judged.is_excluded
        and not exists (
            select 1
            from exclusions
            where
                exclusions.offer_id = judged.offer_id
                and (exclusions.placement_id is null or exclusions.placement_id = strategy_placements.placement_id)
        )

)

select * from final
