{{ config(post_hook="{{ keep_rejected_lines('segment_memberships') }}") }}

with records as (

    {{ read_input(
        "segment_memberships",
        input_columns("segment_memberships"),
        spellings={
            "segmentMembership": "xdm:segmentMembership", "identityMap": "xdm:identityMap", "_id": "@id",
        },
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
    where "segmentMembership" is null

),

-- XDM profiles: namespace -> segment -> {lastQualificationTime, status, validUntil}.
profiles as (

    select
        *,
        try(json_extract("identityMap", '$.*[*]')) as identities,
        {{ xdm_identity('"identityMap"', "identities") }} as identity,
        coalesce(
            profile_id, json_extract_string(identity, '$.id'), json_extract_string(identity, '$."xdm:id"'), "_id"
        ) as person,
        unnest(json_extract("segmentMembership", '$.*')) as memberships
    from records
    where {{ is_json_object('"segmentMembership"') }}

),

-- Names and details stand in the same order, so that no name has to be written into a path.
named as (

    select
        *,
        unnest(json_keys(memberships)) as member_of,
        unnest(json_extract(memberships, '$.*')) as membership
    from profiles

),

mapped as (

    select
        person as profile_id,
        member_of as segment_id,
        {%- for name, path in [
            ("qualified_text", "lastQualificationTime"), ("exited_text", "validUntil"), ("status", "status"),
        ] %}
        coalesce(
            json_extract_string(membership, '$.{{ path }}'), json_extract_string(membership, '$."xdm:{{ path }}"')
        ) as {{ name }},
        {%- endfor %}
        raw_line,
        source_file,
        line_number
    from named

),

unioned as (

    select * from plain
    union all
    select * from mapped

),

-- For a segment that it left, a profile has only the time of the exit: the start is unknown.
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
            when profile_id is null then 'no profile_id'
            when segment_id is null then 'no segment_id'
            when qualified_text is not null and coalesce(status, '') <> 'exited' and qualified_at is null
                then 'qualified_at is no time'
            when exited_text is not null and exited_at is null then 'exited_at is no time'
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
