{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="source_file",
    on_schema_change="fail",
    post_hook=[
        "{{ keep_rejected_lines('experience_events') }}",
        "{{ note_empty_files('experience_events') }}",
        "{{ bound_rejected_rows('experience_events') }}",
    ],
) }}

-- depends_on: {{ ref('stg_raw_files') }}
{%- set features = xdm_context_features() -%}
{%- set value_paths = xdm_value_paths() -%}
{%- set paths = features | map(attribute="path") | list + value_paths -%}
{%- set envelope = xdm_envelope() | length -%}
{%- set first_value = envelope + features | length + 1 %}

with lines as (

    select *
    from {{ ref("base_xdm__lines") }}
    where filename in ({{ quoted_list(unread_files("experience_events") + [""])[1:-1] }})

),

files as (

    select files.*, replaced.first_day
    from {{ ref("stg_raw_files") }} as files
    left join ({{ replaced_days() }}) as replaced on files.source_file = replaced.source_file
    where files.input_name = 'experience_events'

),

{{ xdm_spelled_events("lines", paths) }}

typed as (

    select
        *,
        {%- for name, modern, namespaced in xdm_envelope() if name not in ("proposition", "propositions", "event_id") %}
        {{ xdm_field(name) }} as {{ name }},
        {%- endfor %}
        nullif({{ xdm_field("event_id") }}, '') as event_id,
        {{ text_to_utc(xdm_field("timestamp_text")) }} as event_ts,
        {{ xdm_identities(xdm_field("identity_map")) }} as identities,
        {{ xdm_propositions("coalesce(" ~ xdm_field("propositions") ~ ", " ~ xdm_field("proposition") ~ ")") }} as propositions
    from spelled

),

identified as (

    select
        typed.*,
        {{ xdm_identity("identity_map", "identities") }} as identity,
        event_types.event_kind as kind_of_type,
        -- An event that fetches propositions may report earlier ones as displayed.
        coalesce(
            nullif(event_types.event_kind, 'decision'),
            case
                when {{ xdm_happened("typed.displayed") }} then 'display'
                when {{ xdm_happened("typed.interacted") }} then 'interact'
                when {{ xdm_happened("typed.dismissed") }} then 'dismiss'
            end,
            event_types.event_kind,
            case when typed.event_type is not null then 'custom' end
        ) as event_kind
    from typed
    left join {{ ref("xdm_event_types") }} as event_types on lower(typed.event_type) = lower(event_types.event_type)

),

judged as (

    select
        *,
        {{ xdm_identity_id("identity") }} as profile_id,
        case
            when not is_object
                then case
                    when line is null or trim(line) = '' then 'blank line'
                    when line_number is not null and regexp_matches(line, '\\x[0-9A-F]{2}') then 'not UTF-8'
                    else 'not a JSON object'
                end
            when event_id is null then 'no event id'
            when timestamp_text is null then 'no timestamp'
            when event_ts is null then 'timestamp cannot be read as a time'
            when event_ts not between timestamp '1990-01-01' and timestamp '2200-01-01' then 'timestamp out of range'
            when event_kind is null then 'no event type'
            when profile_id is null then 'no identity'
            when event_kind in ('display', 'interact', 'dismiss') and coalesce(len(propositions), 0) = 0
                then 'no propositions'
        end as reject_reason
    from identified

),

final as (

    select
        judged.event_id,
        -- With a time out of range, as_of would hide the rejection of the event.
        case when coalesce(judged.reject_reason, '') <> 'timestamp out of range' then judged.event_ts end as event_ts,
        case when judged.reject_reason is null then judged.event_ts::date end as event_date,
        judged.event_type,
        judged.event_kind,
        judged.profile_id,
        {{ xdm_other_ids("judged.identities", "judged.profile_id") }} as other_profile_ids,
        judged.request_id,
        judged.propositions,
        {{ xdm_action_tokens("judged.tokens", "judged.action_id") }} as tokens,
        -- Only displays have context and only other events have values, because both take time to read. A display of
        -- another type, such as a page view or a purchase that reports what it rendered, has both.
        case
            when judged.event_kind = 'display' then {{ xdm_context_text("judged.fields", features) }}
        end as context_text,
        case
            when
                judged.event_kind <> 'display'
                or (judged.event_type is not null and coalesce(judged.kind_of_type, '') <> 'display')
                then {{ map_of(quoted_list(value_paths), "judged.fields[" ~ first_value ~ ":]") }}::map(varchar, varchar)
        end as event_values,
        judged.reject_reason,
        case when judged.reject_reason is not null then left(coalesce(judged.line, ''), 2000) end as raw_text,
        judged.source_file,
        judged.line_number,
        judged.event_number,
        files.file_version,
        least(event_date, files.first_day) as changed_from,
        {{ next_load_id() }}::bigint as load_id
    from judged
    -- LEFT JOIN: the planner estimates text files as empty, so an inner join would keep the events in memory.
    left join files on judged.filename = files.filename

)

select * from final
