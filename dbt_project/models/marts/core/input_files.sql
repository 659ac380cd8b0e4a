with records as (

    select
        'displays' as input,
        source_file,
        reject_reason
    from {{ ref("stg_flat__displays") }}
    where line_number > 0
    union all
    select
        'experience_events' as input,
        source_file,
        reject_reason
    from {{ ref("stg_xdm__events") }}
    where coalesce(line_number, 1) > 0
    union all
    select
        'offers' as input,
        source_file,
        reject_reason
    from {{ ref("stg_offers") }}
    union all
    select
        'segment_memberships' as input,
        source_file,
        reject_reason
    from {{ ref("stg_segment_memberships") }}
    union all
    select
        input_name as input,
        source_file,
        reason as reject_reason
    from {{ ref("stg_rejected_lines") }}

),

counted as (

    select
        input,
        source_file,
        count(*) as row_count,
        count(reject_reason) as rejected
    from records
    group by 1, 2

),

displays as (

    select
        case source when 'flat' then 'displays' else 'experience_events' end as input,
        source_file,
        count(*) as displays
    from {{ ref("int_displays") }}
    group by 1, 2

),

events as (

    select
        'experience_events' as input,
        source_file,
        count(*) as events
    from {{ ref("int_events") }}
    group by 1, 2

),

-- Rows that repeat a row of their own file: those of one request, and copies of an event.
repeated as (

    select
        'displays' as input,
        source_file,
        content_id as row_id
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is null
        and request_id is not null
    union all
    select
        'experience_events' as input,
        events.source_file,
        events.event_id as row_id
    from {{ ref("stg_xdm__events") }} as events
    inner join {{ ref("int_repeated_events") }} as repeated_events on events.event_id = repeated_events.event_id
    where events.reject_reason is null

),

copies as (

    select
        input,
        source_file,
        sum(row_count - 1) as copies
    from (select input, source_file, row_id, count(*) as row_count from repeated group by 1, 2, 3)
    group by 1, 2

),

files as (

    select
        input_name as input,
        source_file,
        file_bytes
    from {{ ref("stg_raw_files") }}
    where input_name in ('displays', 'experience_events', 'offers', 'segment_memberships')

),

joined as (

    select
        coalesce(files.input, counted.input) as input,
        coalesce(files.source_file, counted.source_file) as source_file,
        files.file_bytes,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.rejected, 0) as rejected,
        coalesce(displays.displays, 0) as displays,
        coalesce(copies.copies, 0) as copies,
        case
            when counted.input = 'displays' then coalesce(displays.displays, 0)
            when counted.input = 'experience_events' then coalesce(events.events, 0)
            else coalesce(counted.row_count - counted.rejected, 0)
        end as used_rows
    from files
    full join counted on files.input = counted.input and files.source_file = counted.source_file
    left join displays on counted.input = displays.input and counted.source_file = displays.source_file
    left join events on counted.input = events.input and counted.source_file = events.source_file
    left join copies on counted.input = copies.input and counted.source_file = copies.source_file

),

final as (

    select
        source_file::varchar as file,
        input::varchar as input,
        row_count::bigint as rows,
        used_rows::bigint as used_rows,
        displays::bigint as displays,
        rejected::bigint as rejected,
        (row_count - rejected - used_rows)::bigint as duplicates,
        least(copies, row_count - rejected - used_rows)::bigint as duplicates_in_file,
        file_bytes::bigint as bytes
    from joined

)

select * from final
