{# Published name of a file, relative to the raw folder or the folder of copies, so that results do not depend on its
   location. The copies of `a.json` are in a folder of that name; a copy with the same name is `a.json`, too. #}
{% macro source_file(column="filename") -%}
    {%- set in_raw = "replace(" ~ column ~ ", " ~ quoted(raw_path() ~ "/") ~ ", '')" -%}
    {%- set folder = quoted(var("copies_path", "") ~ "/") -%}
    {%- set in_copies = "replace(" ~ column ~ ", " ~ folder ~ ", '')" -%}
    {%- set base = "regexp_extract(" ~ column ~ ", '[^/]*$')" -%}
    {%- if var("copies_path", "") -%}
    case
        when not starts_with({{ column }}, {{ folder }}) then {{ in_raw }}
        when ends_with({{ column }}, '/' || {{ base }} || '/' || {{ base }})
            then left({{ in_copies }}, length({{ in_copies }}) - length({{ base }}) - 1)
        else {{ in_copies }}
    end
    {%- else -%}
    {{ in_raw }}
    {%- endif %}
{%- endmacro %}
