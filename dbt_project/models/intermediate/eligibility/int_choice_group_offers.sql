with display_groups as (

    select * from {{ ref("int_display_choice_groups") }}

),

choice_groups as (

    select distinct
        choice_group_id,
        strategy_id,
        placement_id,
        epoch_start,
        segments
    from display_groups

),

shown as (

    select distinct
        choice_group_id,
        strategy_id,
        placement_id,
        offer_id
    from display_groups

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

),

rules as (

    select * from {{ ref("int_segment_offer_rules") }}

),

-- An offer that is not in the catalogue can be shown in the placements where it was displayed.
placed as (

    select
        strategy_offers.strategy_id,
        placements.placement_id,
        offers.offer_id,
        offers.start_date,
        offers.end_date
    from offers
    inner join strategy_offers on offers.offer_id = strategy_offers.offer_id
    inner join (select distinct strategy_id, placement_id from choice_groups) as placements
        on strategy_offers.strategy_id = placements.strategy_id
    left join (select distinct strategy_id, placement_id, offer_id from {{ ref("int_strategy_displays") }}
        where is_mature and is_in_lookback) as seen
        on placements.strategy_id = seen.strategy_id
        and placements.placement_id = seen.placement_id
        and offers.offer_id = seen.offer_id
    where
        case
            when not offers.is_listed then seen.offer_id is not null
            else offers.placement_ids is null or {{ in_list("offers.placement_ids", "placements.placement_id") }}
        end

),

eligible as (

    select
        choice_groups.choice_group_id,
        {{ sorted_list("placed.offer_id") }} as offer_ids
    from choice_groups
    inner join placed
        on choice_groups.strategy_id = placed.strategy_id
        and choice_groups.placement_id = placed.placement_id
        and coalesce(placed.start_date, choice_groups.epoch_start) <= choice_groups.epoch_start
        and (placed.end_date is null or placed.end_date > choice_groups.epoch_start)
    left join rules
        on placed.offer_id = rules.offer_id
        and choice_groups.segments = rules.segments
    where rules.offer_id is null
    group by 1

),

compared as (

    select
        shown.*,
        coalesce(eligible.offer_ids, {{ empty_list() }}) as eligible_offer_ids,
        coalesce({{ in_list("eligible.offer_ids", "shown.offer_id") }}, false) as is_eligible
    from shown
    left join eligible on shown.choice_group_id = eligible.choice_group_id

),

-- A shown offer was eligible, even if the rules of today withhold it.
final as (

    select
        choice_group_id,
        strategy_id,
        placement_id,
        offer_id,
        eligible_offer_ids,
        is_eligible,
        len(eligible_offer_ids) + case when is_eligible then 0 else 1 end as eligible_count,
        {{ eligibility_set_id(
            "strategy_id",
            "placement_id",
            "case when is_eligible then eligible_offer_ids else array_append(eligible_offer_ids, chr(30) || offer_id) end",
        ) }} as eligibility_set_id
    from compared

)

select * from final
