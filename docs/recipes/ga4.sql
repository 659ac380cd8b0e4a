-- GA4 export of BigQuery (tables events_*, exported as JSON lines or Parquet) -> displays.
-- view_promotion is a display, select_promotion its click. Set the two variables, then run the file in DuckDB.
set variable export = coalesce(getvariable('export'), 'export/*.json');
set variable displays = coalesce(getvariable('displays'), 'raw/displays.parquet');

create temporary table promotions as
select
    user_pseudo_id::varchar as profile_id,
    make_timestamp(event_timestamp::bigint) as event_ts,
    event_name,
    device.category as device,
    item ->> '$.promotion_id' as offer_id,
    coalesce(item ->> '$.creative_slot', 'default') as placement_id,
    row_number() over (partition by user_pseudo_id, event_timestamp, event_name) as position
from (
    select
        *,
        unnest(to_json(items)::json[]) as item
    from read_json(getvariable('export'), union_by_name = true)
    where event_name in ('view_promotion', 'select_promotion')
)
where item ->> '$.promotion_id' is not null;

-- A click belongs to the latest display of the promotion to the person in the 30 minutes before it.
copy (
    with views as (
        select
            *,
            lead(event_ts) over (partition by profile_id, offer_id, placement_id order by event_ts) as next_ts
        from promotions
        where event_name = 'view_promotion'
    )

    select
        views.event_ts,
        views.profile_id,
        views.offer_id,
        views.placement_id,
        exists (
            select 1
            from promotions as clicks
            where
                clicks.event_name = 'select_promotion'
                and clicks.profile_id = views.profile_id
                and clicks.offer_id = views.offer_id
                and clicks.placement_id = views.placement_id
                and clicks.event_ts >= views.event_ts
                and clicks.event_ts < least(coalesce(views.next_ts, 'infinity'::timestamp), views.event_ts + interval 30 minute)
        ) as clicked,
        views.device as ctx_device
    from views
) to (getvariable('displays')) (format parquet);
