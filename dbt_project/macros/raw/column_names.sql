{# A column name in lower case without spaces, hyphens and underscores. Names with equal results mean the same column. #}
{% macro plain_name(name) %}
    {{ return(modules.re.sub("[_\\-\\s]", "", name | lower)) }}
{% endmacro %}

{# plain_name as a SQL expression. #}
{% macro plain_name_sql(text) -%}
    regexp_replace(lower({{ text }}), '[_\-\s\x{00A0}]', '', 'g')
{%- endmacro %}

{# The words of a column name in lower case, also of one such as isLive. #}
{% macro words_of_name(text) -%}{{ return(adapter.dispatch("words_of_name", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__words_of_name(text) -%}
    string_split_regex(lower(regexp_replace({{ text }}, '([a-z])([A-Z])', '\1_\2', 'g')), '[^a-z]+')
{%- endmacro %}

{# Wanted column -> the file's name for it: the exact one, else the only one that differs in case, spaces, hyphens
   and underscores alone. Stops if several match. #}
{% macro matched_columns(source_name, names, wanted) %}
    {%- set matched = {} -%}
    {%- for column in wanted -%}
        {%- set others = [] -%}
        {%- for name in names if name not in wanted and plain_name(name) == plain_name(column) -%}
            {%- do others.append(name) -%}
        {%- endfor -%}
        {%- if column in names -%}
            {%- do matched.update({column: column}) -%}
        {%- elif others | length == 1 -%}
            {%- do matched.update({column: others[0]}) -%}
        {%- elif others -%}
            {{ exceptions.raise_compiler_error(
                "[input] " ~ source_name ~ ": columns " ~ others[0] ~ " and " ~ others[1] ~ " could both be " ~ column
                ~ "; rename the one that is meant to " ~ column
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(matched) }}
{% endmacro %}

{# The columns of a prefix, `seg` or `ctx`, as {name without the prefix: the file's name}. The prefix may be in any
   case and end in an underscore, a space or a hyphen. Stops if two columns get the same name. #}
{% macro prefixed_columns(source_name, prefix, names) %}
    {%- set found = {} -%}
    {%- for column in names if has_prefix(column, prefix) -%}
        {%- set name = column[4:] | trim -%}
        {%- if name in found -%}
            {{ exceptions.raise_compiler_error(
                "[input] " ~ source_name ~ ": columns " ~ found[name] ~ " and " ~ column ~ " have the same name; rename one"
            ) }}
        {%- endif -%}
        {%- do found.update({name: column}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{% macro has_prefix(column, prefix) %}
    {{ return(column[:3] | lower == prefix and column[3:4] in ("_", " ", "-") and column[4:] | trim != "") }}
{% endmacro %}

{# has_prefix as a SQL condition. #}
{% macro sql_has_prefix(text, prefix) -%}
    lower(left({{ text }}, 4)) in ('{{ prefix }}_', '{{ prefix }} ', '{{ prefix }}-')
{%- endmacro %}

{# Maximum number of fields of a flat JSON record. A record with more is rejected, because each field becomes a column;
   a CSV or Parquet file with more columns stops the run. #}
{% macro most_fields() %}{{ return(1000) }}{% endmacro %}

{# True if a JSON object has at most most_fields() fields. #}
{% macro has_few_fields(text) -%}
    len(json_keys({{ text }})) <= {{ most_fields() }}
{%- endmacro %}

{# The keys of the JSON records of a file, in alphabetical order. #}
{% macro record_keys(input_name, path) %}
    {%- set sql -%}
        select distinct unnest(json_keys(line)) as key
        from ({{ read_documents(input_name, [path]) }})
        where {{ is_json_object("line") }} and {{ has_few_fields("line") }}
        order by 1
    {%- endset -%}
    {{ return(query_rows(sql) | map(attribute="key") | list) }}
{% endmacro %}
