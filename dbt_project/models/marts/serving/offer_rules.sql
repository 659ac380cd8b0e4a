with strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

),

strategy_placements as (

    select * from {{ ref("int_strategy_placements") }}

),

offers as (

    select *
    from {{ ref("int_offers") }}
    where
        status = 'approved'
        and not is_fallback
        and (end_date is null or end_date > {{ as_of() }})

),

rules as (

    select
        offer_id,
        {{ sorted_list("case when rule = 'include' then segment_id end") }} as include_segments,
        {{ sorted_list("case when rule = 'exclude' then segment_id end") }} as exclude_segments
    from {{ ref("stg_eligibility_rules") }}
    group by 1

),

exclusions as (

    select
        offer_id,
        placement_id
    from {{ ref("eligibility_exclusions") }}
    where profile_id is null

),

final as (

    select
        strategy_placements.strategy_id,
        strategy_placements.placement_id,
        offers.offer_id,
        offers.start_date,
        offers.end_date,
        coalesce(rules.include_segments, {{ empty_list() }}) as include_segments,
        coalesce(rules.exclude_segments, {{ empty_list() }}) as exclude_segments
    from offers
    inner join strategy_offers on offers.offer_id = strategy_offers.offer_id
    inner join strategy_placements
        on strategy_offers.strategy_id = strategy_placements.strategy_id
        and (
            offers.placement_ids is null
            or {{ in_list("offers.placement_ids", "strategy_placements.placement_id") }}
        )
    left join rules on offers.offer_id = rules.offer_id
    where
        not exists (
            select 1
            from exclusions
            where
                exclusions.offer_id = offers.offer_id
                and (exclusions.placement_id is null or exclusions.placement_id = strategy_placements.placement_id)
        )

)

select * from final
