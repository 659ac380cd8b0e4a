{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="source_file",
    pre_hook="{{ drop_replaced_files() }}",
) }}

-- A parallel read cannot number lines, so only the files with a bad line are read again.
-- depends_on: {{ ref('stg_raw_files') }}
{%- set sql -%}
    select distinct files.filename
    from {{ ref("stg_xdm__events") }} as events
    inner join {{ ref("stg_raw_files") }} as files
        on events.source_file = files.source_file and files.input_name = 'experience_events'
    where
        events.reject_reason is not null
        and events.line_number is null
        {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as numbered
            where numbered.source_file = events.source_file and numbered.file_version = events.file_version
        )
        {%- endif %}
    order by 1
{%- endset -%}
{%- set files = query_relation(ref("stg_xdm__events"), sql) | map(attribute="filename") | list %}

with rejected as (

    select
        source_file,
        file_version,
        reject_reason,
        event_ts,
        raw_text,
        -- All events of an envelope are on one line.
        row_number() over (partition by source_file, raw_text, event_number order by reject_reason) as copy_number
    from {{ ref("stg_xdm__events") }}
    where reject_reason is not null and line_number is null

),

read_again as (

    {{ placed_lines(files) }}

),

found as (

    select
        read_again.*,
        wanted.raw_text is not null as is_wanted
    from read_again
    left join (select distinct source_file, raw_text from rejected) as wanted
        on read_again.source_file = wanted.source_file and read_again.raw_text = wanted.raw_text
    where read_again.is_first or wanted.raw_text is not null

),

-- The reader does not count lines that it could not read.
unreadable as (

    select
        source_file,
        line_number,
        line_number - row_number() over (partition by source_file order by line_number) as kept_before
    from {{ ref("stg_rejected_lines") }}
    where input_name = 'experience_events' and line_number is not null

),

-- Where only the first of many are known, lines behind them have no number.
last_known as (

    select
        source_file,
        max(line_number) as last_line
    from {{ ref("stg_rejected_lines") }}
    where input_name = 'experience_events'
    group by source_file, reason
    having count(line_number) > 0 and bool_or(line_number is null)

),

-- The places of each text, in order. A text may be cut from lines that are rejected for several reasons.
places as (

    select
        found.source_file,
        found.raw_text,
        {{ smallest_values("found.place - firsts.place + 1", 20 * most_rejected_rows()) }} as kept_numbers
    from found
    inner join found as firsts on found.source_file = firsts.source_file and firsts.is_first
    where found.is_wanted
    group by 1, 2

),

copies as (

    select
        source_file,
        raw_text,
        unnest(kept_numbers) as kept_number,
        unnest(range(1, len(kept_numbers) + 1)) as copy_number
    from places

),

numbered as (

    select
        copies.*,
        copies.kept_number + (
            select count(*)
            from unreadable
            where
                unreadable.source_file = copies.source_file
                and unreadable.kept_before < copies.kept_number
        ) as line_number
    from copies

),

final as (

    select
        rejected.source_file,
        rejected.file_version,
        case
            when numbered.line_number > (select min(last_line) from last_known where source_file = rejected.source_file)
                then null
            else numbered.line_number
        end as line_number,
        rejected.event_ts,
        rejected.reject_reason,
        rejected.raw_text
    from rejected
    inner join numbered
        on rejected.source_file = numbered.source_file
        and rejected.raw_text = numbered.raw_text
        and rejected.copy_number = numbered.copy_number

)

select * from final
