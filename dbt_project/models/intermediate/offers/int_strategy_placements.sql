with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

strategy_offers as (

    select * from {{ ref("int_strategy_offers") }}

),

shown as (

    select
        offer_id,
        placement_id,
        activity_id,
        scope_id,
        count(*) as displays
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}
    group by 1, 2, 3, 4

),

-- Displays of any age count: offers are ranked for a placement even if nothing was shown in it recently.
displays as (

    select
        strategy_offers.strategy_id,
        shown.placement_id,
        shown.activity_id,
        shown.scope_id,
        sum(shown.displays) as displays
    from shown
    inner join strategy_offers on shown.offer_id = strategy_offers.offer_id
    group by 1, 2, 3, 4

),

named as (

    select
        strategy_id,
        unnest(placement_ids) as placement_id
    from strategies

),

offers as (

    select
        strategy_offers.strategy_id,
        unnest(offers.placement_ids) as placement_id
    from strategy_offers
    inner join {{ ref("int_offers") }} as offers on strategy_offers.offer_id = offers.offer_id

),

-- A strategy that names no placements has those that its offers were shown in or are meant for.
found as (

    select
        strategy_id,
        placement_id
    from displays
    union
    select
        strategy_id,
        placement_id
    from offers

),

placements as (

    select
        strategy_id,
        placement_id
    from named
    union
    select
        found.strategy_id,
        found.placement_id
    from found
    where found.strategy_id not in (select strategy_id from named)

),

counts as (

    select
        strategy_id,
        placement_id,
        activity_id,
        scope_id,
        row_number() over (
            partition by strategy_id, placement_id
            order by displays desc, activity_id, scope_id
        ) as place
    from displays

),

-- People without a display in the placement get its most frequent activity and scope.
final as (

    select
        placements.strategy_id,
        placements.placement_id,
        coalesce(counts.activity_id, 'default') as usual_activity_id,
        coalesce(counts.scope_id, 'default') as usual_scope_id
    from placements
    left join counts
        on placements.strategy_id = counts.strategy_id
        and placements.placement_id = counts.placement_id
        and counts.place = 1

)

select * from final
