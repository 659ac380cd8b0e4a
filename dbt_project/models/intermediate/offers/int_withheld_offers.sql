with offers as (

    select * from {{ ref("int_offers") }}

),

everywhere as (

    select
        offer_id,
        case
            when is_fallback then 1
            when status <> 'approved' then 2
            when start_date > {{ as_of() }} then 4
            else 5
        end as reason_order,
        case
            when is_fallback then 'it is a fallback offer, shown only where nothing else is eligible'
            when status <> 'approved' then 'its status is ' || status
            when start_date > {{ as_of() }} then 'it starts on ' || start_date::date::varchar
            else 'it ended on ' || end_date::date::varchar
        end as reason
    from offers
    where
        is_fallback
        or status <> 'approved'
        or start_date > {{ as_of() }}
        or end_date <= {{ as_of() }}

),

unlisted as (

    select
        strategies.strategy_id,
        offers.offer_id
    from {{ ref("stg_ranking_strategies") }} as strategies
    cross join offers
    left join {{ ref("int_strategy_offers") }} as strategy_offers
        on strategies.strategy_id = strategy_offers.strategy_id
        and offers.offer_id = strategy_offers.offer_id
    where strategy_offers.offer_id is null

),

misplaced as (

    select
        placements.placement_id,
        offers.offer_id,
        'it does not fit ' || placements.placement_id || ', only ' || array_to_string(offers.placement_ids, ', ')
            as reason
    from offers
    cross join (select distinct placement_id from {{ ref("int_strategy_placements") }}) as placements
    where
        offers.placement_ids is not null
        and not {{ in_list("offers.placement_ids", "placements.placement_id") }}

),

final as (

    select
        offer_id,
        null::varchar as strategy_id,
        null::varchar as placement_id,
        reason_order,
        reason
    from everywhere
    union all
    select
        offer_id,
        strategy_id,
        null as placement_id,
        3 as reason_order,
        'the strategy does not list it' as reason
    from unlisted
    union all
    select
        offer_id,
        null as strategy_id,
        placement_id,
        6 as reason_order,
        reason
    from misplaced

)

select * from final
