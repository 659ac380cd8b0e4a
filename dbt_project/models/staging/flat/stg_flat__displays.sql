{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key="source_file",
    on_schema_change="fail",
    post_hook=[
        "{{ keep_rejected_lines('displays') }}",
        "{{ note_empty_files('displays') }}",
        "{{ bound_rejected_rows('displays') }}",
    ],
) }}

with records as (

    {{ read_displays(unread_files("displays")) }}

),

files as (

    select * from {{ ref("stg_raw_files") }} where input_name = 'displays'

),

replaced as (

    {{ replaced_days() }}

),

typed as (

    select
        *,
        {{ text_to_utc("event_ts_text") }} as event_ts,
        try_cast(position_text as int) as position,
        try_cast(propensity_text as double) as propensity,
        {{ text_to_number("value_text") }} as value,
        {{ text_to_boolean("clicked_text") }} as is_clicked,
        {{ text_to_utc("outcome_until_text") }} as told_until,
        {{ text_to_boolean("is_final_text") }} as is_final,
        {{ spelled_traffic_type("traffic_type") }} as spelled_type
    from records

),

judged as (

    select
        *,
        case
            when raw_line is not null and not {{ is_json_object("raw_line") }} then 'not a JSON object'
            when event_ts_text is null and raw_line is not null and not {{ has_few_fields("raw_line") }}
                then 'more than {{ most_fields() }} fields'
            when event_ts_text is null then 'no timestamp'
            when event_ts is null then 'timestamp cannot be read as a time'
            when event_ts not between timestamp '1990-01-01' and timestamp '2200-01-01' then 'timestamp out of range'
            when profile_id is null then 'no profile_id'
            when offer_id is null then 'no offer_id'
            when propensity_text is not null and (propensity is null or not (propensity > 0 and propensity <= 1))
                then 'propensity not in (0, 1]'
            when clicked_text is not null and is_clicked is null then 'clicked is not 0 or 1'
            when {{ is_ambiguous_number("value_text") }} then 'value can be read in two ways'
            when value_text is not null and (value is null or not isfinite(value)) then 'value cannot be read as a number'
            when abs(value) >= 1e12 then 'value out of range'
            when outcome_until_text is not null and told_until is null then 'outcome_until cannot be read as a time'
            when is_final_text is not null and is_final is null then 'is_final is not true or false'
            when position_text is not null and coalesce(position, 0) < 1 then 'position is not 1 or more'
            when
                spelled_type not in ('random', 'contextual', 'noncontextual', {{ quoted_list(told_arms())[1:-1] }})
                then 'unknown traffic_type'
            when unreadable_segment is not null then unreadable_segment || ' is not true or false'
        end as reject_reason
    from typed

),

final as (

    select
        case when reject_reason is null then {{ content_id([
            "request_id",
            "event_ts",
            "profile_id",
            "offer_id",
            "coalesce(activity_id, 'default')",
            "coalesce(scope_id, 'default')",
            "coalesce(placement_id, 'default')",
            "coalesce(position, 1)",
            "case when request_id is null then " ~ text_of_features("segments", "context") ~ " end",
        ]) }} end as content_id,
        request_id,
        case when coalesce(reject_reason, '') <> 'timestamp out of range' then event_ts end as event_ts,
        case when reject_reason is null then judged.event_ts::date end as event_date,
        profile_id,
        offer_id,
        coalesce(activity_id, 'default') as activity_id,
        coalesce(scope_id, 'default') as scope_id,
        coalesce(placement_id, 'default') as placement_id,
        coalesce(position, 1) as position,
        {{ traffic_type_of_arm("spelled_type") }} as traffic_type,
        case when spelled_type in ({{ quoted_list(told_arms())[1:-1] }}) then spelled_type end as told_arm,
        propensity,
        segments,
        context,
        is_clicked,
        value,
        case when is_final then event_ts when not is_final then timestamp '9999-12-31' else told_until end as outcome_until,
        reject_reason,
        case when reject_reason is not null then left(coalesce(raw_line, to_json(struct_pack(event_ts := event_ts_text, profile_id, offer_id, request_id, position := position_text, propensity := propensity_text, traffic_type, clicked := clicked_text, value := value_text, outcome_until := outcome_until_text, is_final := is_final_text))::varchar), 2000) end as raw_text,
        judged.source_file,
        line_number,
        file_version,
        least(case when reject_reason is null then judged.event_ts::date end, replaced.first_day) as changed_from,
        {{ next_load_id() }}::bigint as load_id
    from judged
    left join files on judged.source_file = files.source_file
    left join replaced on judged.source_file = replaced.source_file

)

select * from final
