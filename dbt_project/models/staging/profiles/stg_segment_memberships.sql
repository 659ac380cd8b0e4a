{{ config(post_hook="{{ keep_rejected_lines('segment_memberships') }}") }}

with records as (

    {{ read_input(
        "segment_memberships",
        input_columns("segment_memberships"),
        spellings=xdm_profile_spellings(),
    ) }}

),

plain as (

    select
        profile_id,
        segment_id,
        qualified_at as qualified_text,
        exited_at as exited_text,
        null::varchar as status,
        raw_line,
        source_file,
        line_number
    from records
    where not {{ is_xdm_profile() }}

),

{{ xdm_memberships("records") }}

unioned as (

    select * from plain
    union all
    select * from xdm_memberships

),

-- An exited membership of an XDM profile has only the time of the exit. Its start is unknown.
typed as (

    select
        *,
        case when coalesce(status, '') <> 'exited' then {{ text_to_utc("qualified_text") }} end as qualified_at,
        case
            when status = 'exited' then {{ text_to_utc("qualified_text") }}
            else {{ text_to_utc("exited_text") }}
        end as exited_at
    from unioned

),

judged as (

    select
        *,
        case
            when raw_line is not null and not {{ is_json_object("raw_line") }} then 'not a JSON object'
            when raw_line is not null and {{ has_repeated_field("raw_line") }} then 'a field is repeated'
            when profile_id is null then 'no profile_id'
            when segment_id is null then 'no segment_id'
            when qualified_text is not null and coalesce(status, '') <> 'exited' and qualified_at is null
                then 'qualified_at cannot be read as a time'
            when exited_text is not null and exited_at is null then 'exited_at cannot be read as a time'
            when exited_at < qualified_at then 'exited_at before qualified_at'
        end as reject_reason
    from typed

),

final as (

    select
        profile_id,
        segment_id,
        qualified_at,
        exited_at,
        reject_reason,
        case when reject_reason is not null then left(coalesce(raw_line, to_json(struct_pack(profile_id, segment_id, qualified_at := qualified_text, exited_at := exited_text))::varchar), 2000) end as raw_text,
        source_file,
        line_number
    from judged

)

select * from final
