with records as (

    {% for input_name, model in [
        ("displays", "stg_flat__displays"), ("experience_events", "stg_xdm__events"),
        ("offers", "stg_offers"), ("segment_memberships", "stg_segment_memberships"),
    ] %}
    select
        '{{ input_name }}' as input,
        source_file,
        reject_reason,
        1 as records
    from {{ ref(model) }}
    -- Line 0 means a file without rows.
    where coalesce(line_number, 1) > 0
    union all
    {% endfor %}
    select
        input_name as input,
        source_file,
        reason as reject_reason,
        coalesce(records, 1) as records
    from {{ ref("stg_rejected_lines") }}

),

counted as (

    select
        input,
        source_file,
        sum(records) as row_count,
        coalesce(sum(records) filter (where reject_reason is not null), 0) as rejected
    from records
    group by 1, 2

),

kept as (

    select
        case source when 'flat' then 'displays' else 'experience_events' end as input,
        source_file,
        count(*) as displays,
        0 as events
    from {{ ref("int_displays") }}
    group by 1, 2
    union all
    select
        'experience_events' as input,
        source_file,
        0 as displays,
        count(*) as events
    from {{ ref("int_events") }}
    group by 1, 2

),

used as (

    select
        input,
        source_file,
        sum(displays) as displays,
        case when input = 'displays' then sum(displays) else sum(events) end as used_rows
    from kept
    group by 1, 2

),

-- Rows that repeat a row of the same file: rows of one request, and copies of an event.
repeated as (

    select
        'displays' as input,
        source_file,
        content_id as row_id
    from {{ ref("stg_flat__displays") }}
    where reject_reason is null and request_id is not null
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
        coalesce(used.displays, 0) as displays,
        coalesce(copies.copies, 0) as copies,
        case
            when counted.input in ('displays', 'experience_events') then coalesce(used.used_rows, 0)
            else coalesce(counted.row_count - counted.rejected, 0)
        end as used_rows
    from files
    full join counted on files.input = counted.input and files.source_file = counted.source_file
    left join used on counted.input = used.input and counted.source_file = used.source_file
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
