{# Stops with the file if it has more columns than a record may have fields: each becomes an expression of the query. #}
{% macro require_few_columns(path, names) %}
    {%- if names | length > most_fields() -%}
        {{ exceptions.raise_compiler_error(
            "[input] " ~ path ~ ": has " ~ names | length ~ " columns, and at most " ~ most_fields() ~ " are read; remove some"
        ) }}
    {%- endif -%}
{% endmacro %}

{# Stops with the file and column if a header repeats a name, in any spelling. #}
{% macro require_distinct_names(path, names) %}
    {%- set seen = [] -%}
    {%- for name in names if execute -%}
        {%- if name | lower in seen -%}
            {{ exceptions.raise_compiler_error(
                "[input] " ~ path ~ ": column " ~ name ~ " appears twice; "
                ~ ("its first line must name the columns" if name[:1].isdigit() else "keep one")
            ) }}
        {%- endif -%}
        {%- do seen.append(name | lower) -%}
    {%- endfor -%}
{% endmacro %}

{# One CSV or Parquet file or table, which has exactly the columns of the file: `relation`, what to read it from; `types`,
   {column: type}; and the `delimiter` of CSV. CSV is read as text; short lines are padded with NULLs, and lines that are
   not valid CSV go to `rejects_<input_name>`. #}
{% macro read_file(input_name, path, kind) -%}
    {%- if kind == "csv" -%}
        {%- set dialect, types = csv_dialect(path), {} -%}
        {{- require_distinct_names(path, dialect["names"]) -}}
        {%- for name in dialect["names"] -%}{%- do types.update({name: "VARCHAR"}) -%}{%- endfor -%}
        {{ return({
            "relation": csv_reader(input_name, path, dialect), "types": types, "delimiter": dialect["delimiter"],
        }) }}
    {%- endif -%}
    {%- set relation = input_relation(path) if kind == "table" else "read_parquet(" ~ quoted(glob_literal(path)) ~ ")" -%}
    {{ return({"relation": relation, "types": described("select * from " ~ relation)}) }}
{%- endmacro %}

{% macro csv_reader(input_name, path, dialect) -%}
    {%- set columns = [] -%}
    {%- for name in dialect["names"] -%}{%- do columns.append(quoted(name) ~ ": 'varchar'") -%}{%- endfor -%}
    read_csv(
        {{ quoted(glob_literal(path)) }},
        columns = { {{ columns | join(", ") }} },
        auto_detect = false,
        header = true,
        skip = {{ dialect["skip"] }},
        encoding = '{{ dialect["encoding"] }}',
        compression = '{{ dialect["compression"] }}',
        delim = {{ quoted(dialect["delimiter"]) }},
        quote = '"',
        escape = '"',
        null_padding = true,
        parallel = {{ "false" if dialect["has_line_breaks"] else "true" }},
        ignore_errors = true,
        store_rejects = true,
        rejects_table = 'rejects_{{ input_name }}',
        rejects_scan = 'rejects_scan_{{ input_name }}'
    )
{%- endmacro %}

{# Line number of a record. Exact in Parquet; in CSV, `correct_line_numbers` adds blank lines, quoted line breaks and
   refused lines afterwards. #}
{% macro record_line_number(kind, types) -%}
    {{ return("file_row_number + 1" if kind == "parquet" and "file_row_number" not in types else "row_number() over () + 1") }}
{%- endmacro %}
