with exclusions as (

    select
        profile_id,
        placement_id,
        offer_id
    from {{ ref("int_capped_offers") }}
    where profile_id is not null
    union
    select
        profile_id,
        placement_id,
        offer_id
    from {{ ref("eligibility_exclusions") }}
    where profile_id is not null
    union
    select
        profile_id,
        null as placement_id,
        offer_id
    from {{ ref("int_unclear_exclusions") }}

),

placements as (

    select distinct placement_id from {{ ref("int_strategy_placements") }}

),

final as (

    select
        exclusions.profile_id,
        placements.placement_id,
        {{ sorted_list("exclusions.offer_id") }} as offer_ids
    from exclusions
    inner join placements
        on exclusions.placement_id is null or exclusions.placement_id = placements.placement_id
    group by 1, 2

)

select * from final
