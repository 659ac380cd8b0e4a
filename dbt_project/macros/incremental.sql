{# Incremental loading that does not assume how late data can be. Staging reads the files that are new or changed. Later
   models rebuild every day from the earliest day that the new rows touch, however old it is, so an incremental run and
   a full refresh always agree. `load_id` counts the loads of a staging model. #}

{# SQL list of the files of an input that are new or changed since `this` read them. #}
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
    {{ return(query_relation(ref("stg_raw_files"), sql) | map(attribute="filename") | list) }}
{% endmacro %}

{# First day of the rows of each file in `this`, now or in an earlier version of the file. Days of replaced rows change
   too, and later models may not have seen the replacement yet. #}
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

{# Earliest day touched by files that were read since `this` was built, counting their present and their replaced rows;
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

{# Pre-hook that deletes the days which the model is about to append again. #}
{% macro drop_changed_days(staging, days_before=0) %}
    {%- if is_incremental() -%}
        delete from {{ this }} where event_date >= date '{{ first_changed_day(staging, days_before) }}'
    {%- else -%}
        select 1
    {%- endif -%}
{% endmacro %}

{# Post-hook of a staging model that records a file without a readable row as rejected, at line 0. Otherwise the old rows
   of the file would stay, because nothing replaces them, and every run would read the file again. #}
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

{# Pre-hook of int_rejected_lines that deletes the lines of replaced files, which may have been corrected. #}
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
