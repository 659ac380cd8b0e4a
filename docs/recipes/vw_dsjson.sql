-- Logs of VW and Azure Personalizer (dsjson, one decision per line) -> displays.
-- Set the two variables, then run the file in DuckDB.
set variable export = coalesce(getvariable('export'), 'export/*.json');
set variable displays = coalesce(getvariable('displays'), 'raw/displays.parquet');

-- Offers and context are whatever your log has: `_tag` or `id` names an action, fields of the shared context become ctx_ columns.
-- Lines without `_labelIndex` are dangling rewards or observations.
create temporary table decisions as
select
    line ->> '$.EventId' as request_id,
    (line ->> '$.Timestamp')::timestamptz as event_ts,
    coalesce(line -> '$.c.FromUrl[0]', line -> '$.c') as shared,
    json_extract(line, '$.c._multi[' || (line ->> '$._labelIndex') || ']') as action,
    (line ->> '$._label_probability')::double as probability,
    coalesce((line ->> '$.pdrop')::double, 0) as pdrop,
    -(line ->> '$._label_cost')::double as reward
from read_csv(
    getvariable('export'),
    columns = {'line': 'json'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false
)
where line ->> '$._labelIndex' is not null;

-- `pdrop` is the probability that such a decision was dropped before the log was written: one that is left stands for
-- 1 / (1 - pdrop) of them. Its propensity is multiplied by that share, so that estimates weigh it so.
copy (
    select
        event_ts,
        request_id,
        -- The log names no person: every decision counts as one. If your context has an id, put it here.
        request_id as profile_id,
        coalesce(action ->> '$._tag', action ->> '$.id', action ->> '$.i.id', action::varchar) as offer_id,
        probability * (1 - pdrop) as propensity,
        'contextual' as traffic_type,
        reward > 0 as clicked,
        reward as value,
        shared ->> '$.timeofday' as ctx_timeofday,
        shared ->> '$.weather' as ctx_weather
    from decisions
) to (getvariable('displays')) (format parquet);
