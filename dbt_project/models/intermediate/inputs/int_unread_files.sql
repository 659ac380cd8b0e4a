{{ config(materialized="ephemeral") }}

-- depends_on: {{ ref('stg_raw_files') }}
{%- set known = [] -%}
{%- for input_name in raw_inputs() -%}
    {%- for spelling in [input_name] + input_synonyms().get(input_name, []) -%}
        {%- do known.append((input_name, spelling)) -%}
    {%- endfor -%}
{%- endfor %}

with present as (

    {{ raw_folder_files() }}

),

read_files as (

    select
        input_name,
        source_file
    from {{ ref("stg_raw_files") }}
    where file_kind is not null

),

refused as (

    {{ refused_files() }}

),

unread as (

    select
        present.source_file,
        present.is_hidden,
        split_part(present.source_file, '/', 1) as entry,
        {{ plain_name_sql("split_part(ltrim(split_part(present.source_file, '/', 1), '._~$#'), '.', 1)") }} as plain_stem
    from present
    left join read_files
        on present.source_file = read_files.source_file
        or starts_with(read_files.source_file, present.source_file || '/')
    left join refused on present.source_file = refused.source_file
    where read_files.source_file is null and refused.source_file is null

),

spellings as (

    select
        listed.input_name,
        {{ plain_name_sql("listed.spelling") }} as plain_spelling
    from (
        values
        {%- for input_name, spelling in known %}
        ({{ quoted(input_name) }}, {{ quoted(spelling) }}){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed(input_name, spelling)

),

-- A name is similar if at most a third of its letters differ, or if it contains a long one.
likely as (

    select
        unread.source_file,
        min_by(spellings.input_name, {{ edit_distance("unread.plain_stem", "spellings.plain_spelling") }}) as input_name,
        min({{ edit_distance("unread.plain_stem", "spellings.plain_spelling") }}) as distance
    from unread
    inner join spellings
        on 3 * {{ edit_distance("unread.plain_stem", "spellings.plain_spelling") }} <= length(spellings.plain_spelling)
        or length(spellings.plain_spelling) >= 6 and contains(unread.plain_stem, spellings.plain_spelling)
    group by 1

),

-- A file named like an input has a kind that is not read. Other folders are one row.
unnamed as (

    select
        'unread file' as finding,
        case
            when unread.entry = unread.source_file or likely.distance = 0 then unread.source_file
            else unread.entry || '/'
        end as subject,
        coalesce(min(likely.input_name), '') as likely_input,
        coalesce(bool_and({{ plain_name_sql("likely.input_name") }} = unread.plain_stem), false) as is_named_as_input,
        count(*) as files,
        case
            when is_named_as_input
                then 'save it as ' || likely_input || case when likely_input = 'experience_events' then '.ndjson' else '.csv' end
                    || ' or ' || likely_input || '.parquet'
        end as remedy
    from unread
    left join likely on unread.source_file = likely.source_file
    where not unread.is_hidden
    group by 1, 2

),

-- The only file of a restriction must not go unnoticed. A folder of another tool is one row.
hidden as (

    select
        case
            when
                likely.distance = 0 and likely.input_name in ({{ quoted_list(restricting_inputs())[1:-1] }})
                and likely.input_name not in (select input_name from read_files)
                then 'hidden restriction'
            else 'hidden file'
        end as finding,
        case
            when regexp_matches(unread.entry, '^[._]') and unread.entry <> unread.source_file then unread.entry || '/'
            else unread.source_file
        end as subject,
        coalesce(min(likely.input_name), '') as likely_input,
        false as is_named_as_input,
        count(*) as files,
        null as remedy
    from unread
    left join likely on unread.source_file = likely.source_file
    where unread.is_hidden
    group by 1, 2

),

final as (

    select * from unnamed
    union all
    select * from hidden
    union all
    select
        'unread file' as finding,
        source_file as subject,
        input_name as likely_input,
        true as is_named_as_input,
        1 as files,
        'it ' || reason as remedy
    from refused

)

select * from final
