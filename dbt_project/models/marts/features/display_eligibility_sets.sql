with sets as (

    select distinct
        eligibility_set_id,
        strategy_id,
        placement_id,
        eligible_offer_ids,
        case when not is_eligible then offer_id end as shown_offer_id
    from {{ ref("int_choice_group_offers") }}

),

final as (

    select
        eligibility_set_id,
        strategy_id,
        placement_id,
        unnest(eligible_offer_ids) as offer_id,
        true as is_eligible
    from sets
    union all
    select
        eligibility_set_id,
        strategy_id,
        placement_id,
        shown_offer_id as offer_id,
        false as is_eligible
    from sets
    where shown_offer_id is not null

)

select * from final
