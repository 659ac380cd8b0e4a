with strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

),

strategy_placements as (

    select * from {{ ref("int_strategy_placements") }}

),

profile_groups as (

    select segments from {{ ref("int_profile_rule_segments") }}
    union
    select {{ empty_list() }} as segments

),

-- People with the same rule segments share an eligibility set, so rules need one row per set instead of one per person.
ruled_out as (

    select
        strategy_placements.strategy_id,
        strategy_placements.placement_id,
        {{ eligibility_set_id("strategy_placements.strategy_id", "strategy_placements.placement_id", "rules.segments") }}
            as eligibility_set_id,
        rules.offer_id,
        rules.reason
    from {{ ref("int_segment_offer_rules") }} as rules
    inner join profile_groups on rules.segments = profile_groups.segments
    inner join strategy_offers on rules.offer_id = strategy_offers.offer_id
    inner join strategy_placements on strategy_offers.strategy_id = strategy_placements.strategy_id

),

withheld as (

    select
        offer_id,
        strategy_id,
        placement_id,
        null as profile_id,
        null as eligibility_set_id,
        reason_order,
        reason
    from {{ ref("int_withheld_offers") }}
    union all
    select
        offer_id,
        null as strategy_id,
        placement_id,
        profile_id,
        null as eligibility_set_id,
        case when profile_id is null then 7 else 8 end as reason_order,
        'it has reached a limit of the capping rules ' || case when profile_id is null then 'in total' else 'for this person' end
            as reason
    from {{ ref("int_capped_offers") }}
    union all
    select distinct
        offer_id,
        null as strategy_id,
        placement_id,
        profile_id,
        null as eligibility_set_id,
        9 as reason_order,
        'the model eligibility_exclusions rules it out' as reason
    from {{ ref("eligibility_exclusions") }}
    union all
    select
        offer_id,
        null as strategy_id,
        null as placement_id,
        profile_id,
        null as eligibility_set_id,
        9 as reason_order,
        'an exclude rule names segment ' || segment_id || ', and the membership of the person cannot be read' as reason
    from {{ ref("int_unclear_exclusions") }}
    union all
    select
        offer_id,
        strategy_id,
        placement_id,
        null as profile_id,
        eligibility_set_id,
        10 as reason_order,
        reason
    from ruled_out

),

final as (

    select
        offer_id,
        strategy_id::varchar as strategy_id,
        placement_id::varchar as placement_id,
        profile_id::varchar as profile_id,
        eligibility_set_id::varchar as eligibility_set_id,
        reason_order,
        reason
    from withheld

)

select * from final
