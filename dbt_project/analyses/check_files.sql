-- One row per input file that is read: its records, their period, and the columns that are used.
with files as (

    select
        input_name,
        source_file
    from {{ ref("stg_raw_files") }}
    where file_kind is not null

),

records as (

    {% for input_name, model, moment in [
        ("displays", "stg_flat__displays", "event_ts"), ("experience_events", "stg_xdm__events", "event_ts"),
        ("offers", "stg_offers", "start_date"), ("segment_memberships", "stg_segment_memberships", "qualified_at"),
    ] %}
    select
        '{{ input_name }}' as input_name,
        source_file,
        count(*) as records,
        count(*) filter (where reject_reason is not null) as rejected,
        min({{ moment }}) filter (where reject_reason is null) as first_ts,
        max({{ moment }}) filter (where reject_reason is null) as last_ts
    from {{ ref(model) }}
    group by 1, 2
    union all
    {% endfor %}
    {% for input_name in [
        "eligibility_rules", "capping_rules", "ranking_strategies", "strategy_segments", "strategy_offers", "context_features",
    ] %}
    select
        '{{ input_name }}' as input_name,
        null as source_file,
        count(*) as records,
        0 as rejected,
        null as first_ts,
        null as last_ts
    from {{ ref("stg_" ~ input_name) }}
    {{ "union all" if not loop.last }}
    {% endfor %}

),

columns_found as (

    select
        input_name,
        source_file,
        {{ texts_in_order("case when used_as = column_name then used_as else column_name || ' as ' || used_as end", "column_name") }}
            as used_columns,
        {{ texts_in_order("case when used_as is null then column_name end", "column_name") }} as unused_columns
    from {{ ref("stg_input_columns") }}
    group by 1, 2

)

select
    files.input_name,
    files.source_file,
    records.records,
    records.rejected,
    records.first_ts,
    records.last_ts,
    columns_found.used_columns,
    columns_found.unused_columns
from files
left join records
    on files.input_name = records.input_name and files.source_file = coalesce(records.source_file, files.source_file)
left join columns_found
    on files.input_name = columns_found.input_name and files.source_file = columns_found.source_file
order by files.input_name not in ('displays', 'experience_events'), files.input_name, files.source_file
