-- depends_on: {{ ref('stg_flat__displays') }}
-- depends_on: {{ ref('stg_raw_files') }}
{%- set found = [] -%}
{%- for path in raw_files_of_kind("displays", ["parquet", "table"]) -%}
    {%- for column, type in read_file("displays", path, raw_file_kind(path))["types"].items() -%}
        {%- if has_prefix(column, "seg") -%}
            {%- do found.append(("segment", column[4:] | trim, "boolean", path)) -%}
        {%- elif has_prefix(column, "ctx") -%}
            {%- set is_number = type.startswith("DECIMAL") or type.rstrip("0123456789") in ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "HUGEINT") -%}
            {%- do found.append(("context", column[4:] | trim, "number" if is_number else "text", path)) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endfor %}

with columns_seen as (

    {% for feature_kind, feature_name, value_type, path in found %}
    select
        '{{ feature_kind }}' as feature_kind,
        {{ quoted(feature_name) }} as feature_name,
        '{{ value_type }}' as value_type,
        {{ source_file(quoted(path)) }} as source_file
    union all
    {% endfor %}
    select
        null as feature_kind,
        null as feature_name,
        null as value_type,
        null as source_file
    where false

),

read_files as (

    select distinct source_file
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is null
        and event_ts <= {{ as_of() }}

),

{%- if raw_files_of_kind("displays", ["csv", "lines", "json"]) or found | selectattr(2, "equalto", "text") | list %}

-- Text may contain numbers, in a Parquet column as in CSV and JSON. A feature is a number if all of its values are.
records as (

    select
        segments,
        context
    from {{ ref("stg_flat__displays") }}
    where
        reject_reason is null
        and event_ts <= {{ as_of() }}

),

entries as (

    select unnest(map_entries(context)) as entry from records

),

values_seen as (

    select distinct
        'segment' as feature_kind,
        unnest(segments) as feature_name,
        'boolean' as value_type
    from records
    union all
    select
        'context' as feature_kind,
        entry.key as feature_name,
        case when count(*) = count(try_cast(entry.value as double)) then 'number' else 'category' end as value_type
    from entries
    group by entry.key

),
{%- else %}

values_seen as (

    select
        feature_kind,
        feature_name,
        value_type
    from columns_seen
    where false

),
{%- endif %}

unioned as (

    select
        columns_seen.feature_kind,
        columns_seen.feature_name,
        columns_seen.value_type
    from columns_seen
    inner join read_files on columns_seen.source_file = read_files.source_file
    union all
    select * from values_seen

),

declared as (

    select * from {{ ref("stg_context_features") }}

),

-- A declared type takes precedence over the values. A text column without values is a category.
final as (

    select
        unioned.feature_kind::varchar as feature_kind,
        unioned.feature_name::varchar as feature_name,
        coalesce(
            min(declared.value_type), min(unioned.value_type) filter (where unioned.value_type <> 'text'), 'category'
        )::varchar as value_type
    from unioned
    left join declared on unioned.feature_name = declared.feature_name and unioned.feature_kind = 'context'
    group by 1, 2

)

select * from final
