{# The delimiter and the column names of a CSV file, from its first line: the engine's own guess fails on small files
   with one bad line. #}
{% macro csv_header(path) %}
    {%- set rows = query_rows("select line from " ~ read_lines([path], "header") ~ " where trim(line) <> '' limit 1") -%}
    {%- set line = rows[0]["line"] if rows else "" -%}
    {%- set delimiter = csv_delimiter(line) -%}
    {%- set names = [] -%}
    {%- for name in line.split(delimiter) -%}
        {%- do names.append(name.strip().strip('"').strip()) -%}
    {%- endfor -%}
    {{ return({"delimiter": delimiter, "names": names}) }}
{% endmacro %}

{# The one of the usual delimiters that is most frequent in a line. #}
{% macro csv_delimiter(line) %}
    {%- set best = namespace(delimiter=",", count=line.count(",")) -%}
    {%- for delimiter in [";", "\t"] if line.count(delimiter) > best.count -%}
        {%- set best.delimiter, best.count = delimiter, line.count(delimiter) -%}
    {%- endfor -%}
    {{ return(best.delimiter) }}
{% endmacro %}

{# Stops with the file and the column where a header names a column twice, however it is spelled, or not at all. #}
{% macro require_distinct_names(path, names) %}
    {%- set seen = [] -%}
    {%- for name in names if execute -%}
        {%- if not name -%}
            {{ exceptions.raise_compiler_error(
                "[input] " ~ path ~ ": column " ~ loop.index ~ " has no name; name it or remove it"
            ) }}
        {%- elif name | lower in seen -%}
            {{ exceptions.raise_compiler_error("[input] " ~ path ~ ": column " ~ name ~ " is there twice; keep one") }}
        {%- endif -%}
        {%- do seen.append(name | lower) -%}
    {%- endfor -%}
{% endmacro %}

{# The reader of one CSV or Parquet file. CSV is read as text; short lines end in NULLs, and lines that are no CSV go to
   `rejects_<input_name>`. #}
{% macro file_reader(input_name, path, kind) -%}
    {%- if kind == "parquet" -%}
        {{ return("read_parquet(" ~ quoted(glob_literal(path)) ~ ", file_row_number = true, filename = true)") }}
    {%- endif -%}
    {%- set header, columns = csv_header(path), [] -%}
    {{- require_distinct_names(path, header["names"]) -}}
    {%- for name in header["names"] -%}{%- do columns.append(quoted(name) ~ ": 'varchar'") -%}{%- endfor -%}
    {%- set reader -%}
        read_csv(
            {{ quoted(glob_literal(path)) }},
            columns = { {{ columns | join(", ") }} },
            auto_detect = false,
            header = true,
            filename = true,
            delim = {{ quoted(header["delimiter"]) }},
            quote = '"',
            escape = '"',
            null_padding = true,
            ignore_errors = true,
            store_rejects = true,
            rejects_table = 'rejects_{{ input_name }}',
            rejects_scan = 'rejects_scan_{{ input_name }}'
        )
    {%- endset -%}
    {{ return(reader) }}
{%- endmacro %}

{# The line of a record: exact in Parquet and in CSV without quoted line breaks or refused lines before it. #}
{% macro record_line_number(kind) -%}
    {{ return("file_row_number + 1" if kind == "parquet" else "row_number() over () + 1") }}
{%- endmacro %}
