-- Snowplow's table of events (atomic.events, as Parquet) -> displays.
-- Structured events: se_category promotion, se_action view is a display and click its click, se_label names the offer and
-- se_property the placement. Set the two variables, then run the file in DuckDB.
set variable export = coalesce(getvariable('export'), 'export/*.parquet');
set variable displays = coalesce(getvariable('displays'), 'raw/displays.parquet');

create temporary table promotions as
select
    event_id::varchar as request_id,
    coalesce(nullif(user_id, ''), domain_userid)::varchar as profile_id,
    coalesce(derived_tstamp, collector_tstamp)::timestamp as event_ts,
    lower(se_action) as action,
    se_label as offer_id,
    coalesce(nullif(se_property, ''), 'default') as placement_id,
    se_value::double as value,
    dvce_type as device
from read_parquet(getvariable('export'))
where lower(se_category) = 'promotion' and se_label is not null;

-- A click belongs to the latest display of the promotion to the person in the 30 minutes before it.
copy (
    with views as (
        select
            *,
            lead(event_ts) over (partition by profile_id, offer_id, placement_id order by event_ts) as next_ts
        from promotions
        where action = 'view'
    )

    select
        views.event_ts,
        views.profile_id,
        views.request_id,
        views.offer_id,
        views.placement_id,
        exists (
            select 1
            from promotions as clicks
            where
                clicks.action = 'click'
                and clicks.profile_id = views.profile_id
                and clicks.offer_id = views.offer_id
                and clicks.placement_id = views.placement_id
                and clicks.event_ts >= views.event_ts
                and clicks.event_ts < least(coalesce(views.next_ts, 'infinity'::timestamp), views.event_ts + interval 30 minute)
        ) as clicked,
        views.device as ctx_device
    from views
) to (getvariable('displays')) (format parquet);
