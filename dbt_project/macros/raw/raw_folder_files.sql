{# Every file of the raw folder, three levels deep, as `source_file`, except files of other tools and notes about the data.
   Files with the ending of data are `is_hidden` where their name, or that of their folder, is one that other tools give. #}
{% macro raw_folder_files() -%}
    {%- set root = glob_literal(raw_path()) -%}
    {%- set hidden = "regexp_matches(lower(" ~ source_file("file") ~ "), '(^|/)" ~ other_tools() ~ "|[~#]$')" -%}
    select distinct
        {{ source_file("file") }} as source_file,
        {{ hidden }} as is_hidden
    from (
        {%- for below in ["/*", "/*/*", "/*/*/*"] %}
        select file from glob({{ quoted(root ~ below) }})
        {{- " union all" if not loop.last }}
        {%- endfor %}
    )
    where
        (not {{ hidden }} or {{ holds_data("lower(" ~ source_file("file") ~ ")") }})
        and not regexp_matches(lower({{ source_file("file") }}), '(^|/)(readme[^/]*|license|nextoffer\.toml|[^/]*\.md)$')
{%- endmacro %}

{# True for a file with the ending of data, maybe with a further one of an unfinished transfer, that is not one that other
   tools keep beside data. #}
{% macro holds_data(file) -%}
    regexp_matches({{ file }}, '\.(csv|tsv|parquet|ndjson|jsonl|json|zip|xlsx|xlsm)(\.(gz|zst|bz2))?(\.[^./]+|[~#])?$')
    and not regexp_matches({{ file }}, '(^|/)(\._|~[$]|\.~lock\.)[^/]*$|\.(crc|swp)$|(^|/)(_delta_log|\.hoodie|\.git|__macosx)/')
{%- endmacro %}
