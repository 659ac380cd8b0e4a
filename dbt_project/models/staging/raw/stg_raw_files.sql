-- depends_on: {{ ref('stg_context_features') }}
-- depends_on: {{ ref('stg_ranking_strategies') }}
-- depends_on: {{ ref('xdm_event_types') }}
{%- set files = [] -%}
{%- set paths = [] -%}
{%- set tables = [] -%}
{%- for input_name in raw_inputs() -%}
    {%- for path in raw_files(input_name) -%}
        {%- set kind = raw_file_kind(path) -%}
        {%- do files.append((input_name, path, none if input_name == "experience_events" and kind == "csv" else kind)) -%}
        {%- do (tables if kind == "table" else paths).append(path) -%}
    {%- endfor -%}
{%- endfor %}

{%- if files %}

with listed as (

    {% for input_name, path, kind in files %}
    select
        '{{ input_name }}' as input_name,
        {{ quoted(path) }} as filename,
        {{ quoted(kind) if kind else "null" }} as file_kind
    {{ "union all" if not loop.last }}
    {% endfor %}

),

-- The version of a file includes the settings of the extraction, so a new context feature or event type reads it again.
settings as (

    select
        md5(
            coalesce((select string_agg(feature_name || '=' || path, ',' order by feature_name) from {{ ref("stg_context_features") }}), '')
            || '|'
            || coalesce((select string_agg(distinct value_path, ',' order by value_path) from {{ ref("stg_ranking_strategies") }}), '')
            || '|'
            || {{ quoted(var("date_order", "") ~ "|" ~ var("time_zone", "")) }}
            || '|'
            || coalesce((select string_agg(event_type || '=' || event_kind, ',' order by event_type) from {{ ref("xdm_event_types") }}), '')
        ) as settings_hash

),

sizes as (

    {% for path in tables %}
    select
        {{ quoted(path) }} as filename,
        null as size,
        {{ content_version(input_relation(path)) }} as version
    union all
    {% endfor %}
    {%- if paths %}
    select
        filename,
        size,
        size || '-' || epoch_us(last_modified) as version
    from read_blob({{ file_list(paths) }})
    {%- else %}
    select
        null as filename,
        null as size,
        null as version
    where false
    {%- endif %}

),

final as (

    select
        listed.input_name,
        listed.filename,
        {{ source_file("listed.filename") }} as source_file,
        listed.file_kind,
        sizes.size as file_bytes,
        sizes.version || '-' || settings.settings_hash as file_version
    from listed
    inner join sizes on listed.filename = sizes.filename
    cross join settings

)

{%- else %}

with final as (

    select
        null::varchar as input_name,
        null::varchar as filename,
        null::varchar as source_file,
        null::varchar as file_kind,
        null::bigint as file_bytes,
        null::varchar as file_version
    where false

)

{%- endif %}

select * from final
