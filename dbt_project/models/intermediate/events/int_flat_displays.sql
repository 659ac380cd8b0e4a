{{ config(
    materialized="incremental",
    incremental_strategy="append",
    pre_hook="{{ drop_changed_days([[ref('stg_flat__displays'), none]]) }}",
) }}

{%- set since = first_changed_day([[ref("stg_flat__displays"), none]]) %}

with flat as (

    select *
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is null
        {%- if since %}
        and event_date >= date '{{ since }}'
        {%- endif %}

),

repeated as (

    select content_id
    from flat
    group by 1
    having count(*) > 1

),

-- Each of several equal rows in one file is a display, unless the rows name a request. A file that repeats them gets
-- the same numbers.
numbered as (

    select
        flat.*,
        case
            when request_id is not null then 1
            else row_number() over (
                partition by content_id, source_file
                order by is_clicked desc nulls last, value desc nulls last, line_number
            )
        end as copy_number
    from flat
    where content_id in (select content_id from repeated)

),

-- Outcomes of copies differ if a later file knows more. A final outcome takes precedence, then a click, then the
-- greater value.
kept as (

    select *
    from numbered
    qualify row_number() over (
        partition by content_id, copy_number
        order by outcome_until nulls last, is_clicked desc nulls last, value desc nulls last, source_file, line_number
    ) = 1

),

unioned as (

    select
        *,
        1 as copy_number
    from flat
    where content_id not in (select content_id from repeated)
    union all
    select * from kept

),

identified as (

    select
        *,
        'flat:' || content_id || case when copy_number > 1 then ':' || copy_number else '' end as display_id
    from unioned

),

final as (

    select
        display_id,
        'flat' as source,
        coalesce(request_id, display_id) as event_id,
        event_ts,
        event_date,
        profile_id,
        display_id as proposition_id,
        null::varchar as part_id,
        offer_id,
        activity_id,
        scope_id,
        placement_id,
        position,
        traffic_type,
        told_arm,
        propensity,
        segments,
        {{ text_of_map("context") }} as context_text,
        is_clicked,
        value,
        outcome_until,
        null::varchar[] as item_tokens,
        source_file,
        load_id
    from identified

)

select * from final
