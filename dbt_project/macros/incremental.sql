{# Incremental loading without a guess about lateness. Staging reads files it has not read in their present version;
   later models rebuild every day from the earliest one that newly read rows touch, however old it is, so that an
   incremental run and a full refresh always agree. `load_id` counts the loads of a staging model. #}

{# The files of an input that `this` has not read in their present version, as a SQL list of file names. #}
{% macro unread_files(input_name) %}
    {%- set sql -%}
        select files.filename
        from {{ ref("stg_raw_files") }} as files
        where
            files.input_name = '{{ input_name }}'
            and files.file_kind is not null
            {%- if is_incremental() %}
            and not exists (
                select 1
                from {{ this }} as loaded
                where loaded.source_file = files.source_file and loaded.file_version = files.file_version
            )
            {%- endif %}
        order by files.filename
    {%- endset -%}
    {{ return(query_rows(sql) | map(attribute="filename") | list) }}
{% endmacro %}

{# The first day that rows of each file hold in `this`, or held, before the file is replaced: what was there changes,
   too. What it held earlier may not have reached the later models yet. #}
{% macro replaced_days() %}
    select
        source_file,
        min(changed_from) as first_day
    from {{ this if is_incremental() else "(select null::varchar as source_file, null::date as changed_from where false)" }}
    group by source_file
{% endmacro %}

{# The number of this load. #}
{% macro next_load_id() %}
    {%- if is_incremental() -%}
        {%- set rows = query_rows("select coalesce(max(load_id), 0) + 1 as load_id from " ~ this) -%}
        {{ return(rows[0]["load_id"] if rows else 1) }}
    {%- endif -%}
    {{ return(1) }}
{% endmacro %}

{# The earliest day that files read since `this` was built may touch, with what they hold now or held before;
   9999-12-31 if nothing changed; none on a full build. staging: pairs of a staging relation and the value of
   `source` that its rows have in `this` (none: all rows). days_before: how many days earlier a change reaches. #}
{% macro first_changed_day(staging, days_before=0) %}
    {%- if not is_incremental() -%}{{ return(none) }}{%- endif -%}
    {%- set days = [] -%}
    {%- for upstream, source in staging -%}
        {%- do days.append(
            "select min(changed_from) as day from " ~ upstream ~ " where load_id > (select coalesce(max(load_id), 0) from "
            ~ this ~ (" where source = '" ~ source ~ "'" if source else "") ~ ")"
        ) -%}
    {%- endfor -%}
    {%- set sql = "select coalesce(min(day) - " ~ days_before ~ ", date '9999-12-31')::varchar as day from (" ~ days | join(" union all ") ~ ")" -%}
    {%- set rows = query_rows(sql) -%}
    {{ return(rows[0]["day"] if rows else "9999-12-31") }}
{% endmacro %}

{# Pre-hook of a model that appends the days it rebuilds. #}
{% macro drop_changed_days(staging, days_before=0) %}
    {%- if is_incremental() -%}
        delete from {{ this }} where event_date >= date '{{ first_changed_day(staging, days_before) }}'
    {%- else -%}
        select 1
    {%- endif -%}
{% endmacro %}

{# Post-hook of a staging model: a file without a readable row is a rejected record, line 0. Without it the rows that the file
   had before would stay, as nothing takes their place, and it would be read again each time. #}
{% macro note_empty_files(input_name) %}
    insert into {{ this }} (source_file, file_version, line_number, reject_reason, raw_text, changed_from, load_id)
    select
        files.source_file,
        files.file_version,
        0 as line_number,
        'file without a readable row' as reject_reason,
        '' as raw_text,
        min(before.changed_from) as changed_from,
        (select coalesce(max(load_id), 0) + 1 from {{ this }}) as load_id
    from {{ ref("stg_raw_files") }} as files
    left join {{ this }} as before on files.source_file = before.source_file
    where
        files.input_name = '{{ input_name }}'
        and files.file_kind is not null
        and not exists (
            select 1
            from {{ this }} as present
            where present.source_file = files.source_file and present.file_version = files.file_version
        )
    group by files.source_file, files.file_version;
    delete from {{ this }}
    where
        exists (
            select 1
            from {{ this }} as emptied
            where
                emptied.line_number = 0
                and emptied.source_file = {{ this }}.source_file
                and emptied.file_version <> {{ this }}.file_version
                and emptied.load_id > {{ this }}.load_id
        )
{% endmacro %}

{# Pre-hook of int_rejected_lines: a file that was replaced may hold no bad line any more. #}
{% macro drop_replaced_files() %}
    {%- set events = ref("stg_xdm__events") -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            not exists (
                select 1
                from {{ events }} as events
                where
                    events.source_file = {{ this }}.source_file
                    and events.file_version = {{ this }}.file_version
            )
    {%- else -%}
        select 1
    {%- endif -%}
{% endmacro %}
