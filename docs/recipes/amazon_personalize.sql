-- Interactions data set of Amazon Personalize (CSV) -> displays.
-- A row with EVENT_TYPE click, purchase and the like is a success of the item; IMPRESSION lists the items shown with it,
-- separated by |. Set the two variables, then run the file in DuckDB.
set variable export = coalesce(getvariable('export'), 'export/*.csv');
set variable displays = coalesce(getvariable('displays'), 'raw/displays.parquet');

create temporary table interactions as
select
    row_number() over () as number,
    to_timestamp(cast("TIMESTAMP" as bigint)) as event_ts,
    "USER_ID" as profile_id,
    "ITEM_ID" as item_id,
    coalesce("EVENT_TYPE", 'click') as event_type,
    try_cast("EVENT_VALUE" as double) as value,
    string_split(coalesce(nullif("IMPRESSION", ''), "ITEM_ID"), '|') as shown
from (
    -- Columns that a data set may lack.
    select * from (select null::varchar as "EVENT_TYPE", null::varchar as "EVENT_VALUE", null::varchar as "IMPRESSION") where false
    union all by name
    select * from read_csv(getvariable('export'), header = true, all_varchar = true)
);

-- Rows of type view show an item without a success. The log has no propensity: state random traffic where you had it.
copy (
    select
        event_ts,
        profile_id,
        'personalize-' || number as request_id,
        unnest(shown) as offer_id,
        unnest(range(1, len(shown) + 1)) as position,
        unnest(list_transform(shown, lambda offer: offer = item_id and lower(event_type) not in ('view', 'impression'))) as clicked,
        unnest(list_transform(shown, lambda offer: case when offer = item_id then value end)) as value
    from interactions
) to (getvariable('displays')) (format parquet);
