{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key=["input_name", "source_file"],
    on_schema_change="fail",
) }}

-- depends_on: {{ ref('stg_raw_files') }}
{%- set wanted = [] -%}
{%- set telling = [] -%}
{%- set found = [] -%}
{%- for input_name in ["displays", "offers", "segment_memberships"] -%}
    {%- for column in input_columns(input_name) -%}
        {%- for spelling in [column] + column_synonyms().get(column, []) -%}
            {%- do wanted.append((input_name, column, spelling)) -%}
        {%- endfor -%}
        {%- for word in telling_words().get(input_name, {}).get(column, []) -%}
            {%- do telling.append((input_name, column, word)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for path in unread_files(input_name) -%}
        {%- for name, used_as in column_uses(input_name, path).items() -%}
            {%- do found.append((input_name, path, name, used_as)) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endfor %}

with columns_found as (

    select
        listed.input_name,
        listed.source_file,
        listed.column_name,
        listed.used_as,
        {{ plain_name_sql("listed.column_name") }} as plain_column
    from (
        values
        {%- for input_name, path, name, used_as in found %}
        ({{ quoted(input_name) }}, {{ source_file(quoted(path)) }}, {{ quoted(name) }}, {{ quoted(used_as) if used_as else "null" }}),
        {%- endfor %}
        (null, null, null, null)
    ) as listed(input_name, source_file, column_name, used_as)
    where listed.input_name is not null

),

spellings as (

    select
        listed.input_name,
        listed.wanted_column,
        {{ plain_name_sql("listed.spelling") }} as plain_spelling
    from (
        values
        {%- for input_name, column, spelling in wanted %}
        ({{ quoted(input_name) }}, {{ quoted(column) }}, {{ quoted(spelling) }}){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed(input_name, wanted_column, spelling)

),

words as (

    select
        listed.input_name,
        listed.wanted_column,
        listed.word
    from (
        values
        {%- for input_name, column, word in telling %}
        ({{ quoted(input_name) }}, {{ quoted(column) }}, {{ quoted(word) }}){{ "," if not loop.last }}
        {%- endfor %}
    ) as listed(input_name, wanted_column, word)

),

-- A spelling is similar if at most a third of its letters differ, or if a long one is the beginning or the end of the name.
-- A column that the file already has is suggested only for its own name in another spelling.
likely as (

    select
        unused.input_name,
        unused.source_file,
        unused.column_name,
        min_by(
            spellings.wanted_column,
            {{ edit_distance("unused.plain_column", "spellings.plain_spelling") }}
        ) as likely_column
    from columns_found as unused
    inner join spellings on unused.input_name = spellings.input_name
    left join columns_found as used
        on unused.source_file = used.source_file and unused.input_name = used.input_name and spellings.wanted_column = used.used_as
    where
        unused.used_as is null
        and (used.used_as is null or unused.plain_column = {{ plain_name_sql("spellings.wanted_column") }})
        and (
            3 * {{ edit_distance("unused.plain_column", "spellings.plain_spelling") }} <= length(spellings.plain_spelling)
            or length(spellings.plain_spelling) >= 6
            and (starts_with(unused.plain_column, spellings.plain_spelling) or ends_with(unused.plain_column, spellings.plain_spelling))
            or exists (
                select 1 from words
                where
                    words.input_name = unused.input_name
                    and words.wanted_column = spellings.wanted_column
                    and {{ in_list(words_of_name("unused.column_name"), "words.word") }}
            )
        )
    group by 1, 2, 3

),

files as (

    select * from {{ ref("stg_raw_files") }}

),

final as (

    select
        columns_found.input_name::varchar as input_name,
        columns_found.source_file::varchar as source_file,
        columns_found.column_name::varchar as column_name,
        columns_found.used_as::varchar as used_as,
        coalesce(likely.likely_column, {{ likely_feature("columns_found") }})::varchar as likely_column,
        files.file_version
    from columns_found
    inner join files
        on columns_found.input_name = files.input_name and columns_found.source_file = files.source_file
    left join likely
        on columns_found.input_name = likely.input_name
        and columns_found.source_file = likely.source_file
        and columns_found.column_name = likely.column_name

)

select * from final
