{{ capping_events() }}

counts as (

    select
        periods.rule_number,
        case when periods.capping_type = 'profile' then counted.profile_id end as profile_id,
        case when periods.period <> 'lifetime' then counted.event_ts::date end as event_date,
        count(*) as events
    from periods
    inner join counted
        on periods.capping_event = counted.capping_event
        and (periods.offer_id = counted.offer_id or counted.offer_id is null)
        and (periods.placement_id = counted.placement_id or periods.placement_id is null or counted.placement_id is null)
        and counted.event_ts >= periods.counted_from
    group by 1, 2, 3

),

-- Counts are kept by day, so that an online decision can drop the days before its own period.
final as (

    select
        periods.rule_number,
        periods.offer_id,
        periods.capping_event,
        periods.capping_type,
        periods.capping_limit,
        periods.period,
        periods.period_count,
        periods.placement_id,
        counts.profile_id,
        counts.event_date,
        coalesce(counts.events, 0) as events
    from periods
    left join counts on periods.rule_number = counts.rule_number

)

select * from final
