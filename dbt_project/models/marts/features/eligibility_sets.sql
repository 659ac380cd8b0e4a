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

    select * from {{ ref("int_segment_offer_rules") }}

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

allowed as (

    select
        groups.segments,
        offers.offer_id,
        offers.placement_ids
    from groups
    cross join offers
    left join rules on groups.segments = rules.segments and offers.offer_id = rules.offer_id
    where rules.offer_id is null

),

final as (

    select
        {{ eligibility_set_id("strategy_placements.strategy_id", "strategy_placements.placement_id", "allowed.segments") }}
            as eligibility_set_id,
        strategy_placements.strategy_id,
        strategy_placements.placement_id,
        len(allowed.segments) = 0 as is_default,
        allowed.offer_id
    from allowed
    inner join strategy_offers on allowed.offer_id = strategy_offers.offer_id
    inner join strategy_placements
        on strategy_offers.strategy_id = strategy_placements.strategy_id
        and (
            allowed.placement_ids is null
            or {{ in_list("allowed.placement_ids", "strategy_placements.placement_id") }}
        )
    where
        not exists (
            select 1
            from exclusions
            where
                exclusions.offer_id = allowed.offer_id
                and (exclusions.placement_id is null or exclusions.placement_id = strategy_placements.placement_id)
        )

)

select * from final
