{{ capping_events() }}

counts as (

    select
        periods.rule_number,
        periods.offer_id,
        periods.placement_id,
        periods.capping_limit,
        case when periods.capping_type = 'profile' then counted.profile_id end as profile_id,
        count(*) as events
    from periods
    inner join counted
        on periods.capping_event = counted.capping_event
        and (periods.offer_id = counted.offer_id or counted.offer_id is null)
        and (periods.placement_id = counted.placement_id or periods.placement_id is null or counted.placement_id is null)
        and counted.event_ts >= periods.counted_from
    group by all

),

-- One reached rule is enough.
final as (

    select distinct
        offer_id,
        profile_id,
        placement_id
    from counts
    where events >= capping_limit

)

select * from final
