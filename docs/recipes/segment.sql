-- Segment track calls (JSON lines, as Segment stores them in S3) -> displays.
-- Promotion Viewed is a display, Promotion Clicked its click (the names of Segment's e-commerce specification).
-- Set the two variables, then run the file in DuckDB.
set variable export = coalesce(getvariable('export'), 'export/*.json');
set variable displays = coalesce(getvariable('displays'), 'raw/displays.parquet');

create temporary table promotions as
select
    line ->> '$.event' as event,
    coalesce(line ->> '$.userId', line ->> '$.anonymousId') as profile_id,
    (line ->> '$.timestamp')::timestamptz as event_ts,
    line ->> '$.messageId' as message_id,
    coalesce(line ->> '$.properties.promotion_id', line ->> '$.properties.promotionId') as offer_id,
    coalesce(line ->> '$.properties.position', 'default') as placement_id,
    line ->> '$.context.device.type' as device
from read_csv(
    getvariable('export'),
    columns = {'line': 'json'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false
)
where line ->> '$.type' = 'track' and line ->> '$.event' in ('Promotion Viewed', 'Promotion Clicked');

-- A click belongs to the latest display of the promotion to the person in the 30 minutes before it.
copy (
    with views as (
        select
            *,
            lead(event_ts) over (partition by profile_id, offer_id, placement_id order by event_ts) as next_ts
        from promotions
        where event = 'Promotion Viewed'
    )

    select
        views.event_ts,
        views.profile_id,
        views.message_id as request_id,
        views.offer_id,
        views.placement_id,
        exists (
            select 1
            from promotions as clicks
            where
                clicks.event = 'Promotion Clicked'
                and clicks.profile_id = views.profile_id
                and clicks.offer_id = views.offer_id
                and clicks.placement_id = views.placement_id
                and clicks.event_ts >= views.event_ts
                and clicks.event_ts < least(coalesce(views.next_ts, 'infinity'::timestamptz), views.event_ts + interval 30 minute)
        ) as clicked,
        views.device as ctx_device
    from views
    where views.offer_id is not null and views.profile_id is not null
) to (getvariable('displays')) (format parquet);
