{# Inputs that are tables. The var `inputs` names a relation for an input:
   - `schema.table` or `database.schema.table`: a table or view in the database of the build;
   - `file.duckdb:schema.table`: a table of another DuckDB file, which is attached read-only;
   - `ref('model')` or `source('group', 'table')`: a relation of the dbt project that installs this package.
   The list of files contains such an input as the path `table <relation>`. #}
{% macro table_path(stated) %}
    {%- set called = modules.re.fullmatch("\\s*(ref|source)\\((.*)\\)\\s*", stated) -%}
    {%- if called -%}
        {%- set names = modules.re.findall("['\"]([^'\"]+)['\"]", called.group(2)) -%}
        {%- set relation = ref(*names) if called.group(1) == "ref" else source(*names) -%}
        {{ return("table " ~ relation) }}
    {%- endif -%}
    {{ return("table " ~ stated | trim) }}
{% endmacro %}

{# The quoted relation of such a path. Another DuckDB file is attached when it is first read. #}
{% macro input_relation(path) %}
    {%- set stated = path[6:] -%}
    {%- set file, name = "", stated -%}
    {%- if ".duckdb:" in stated or ".db:" in stated -%}
        {%- set file, name = stated.rsplit(":", 1) -%}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- if file -%}
        {%- set catalog = "input_" ~ local_md5(file)[:8] -%}
        {%- do query_rows("attach if not exists " ~ quoted(file) ~ " as " ~ catalog ~ " (read_only)") -%}
        {%- do parts.append(identifier(catalog)) -%}
        {%- if "." not in name -%}{%- do parts.append(identifier("main")) -%}{%- endif -%}
    {%- endif -%}
    {%- for part in name.split(".") -%}{%- do parts.append(identifier(part.strip('"'))) -%}{%- endfor -%}
    {{ return(parts | join(".")) }}
{% endmacro %}

{# The records of a table as JSON text: the column of a table with a single text column, else all columns. #}
{% macro read_table_documents(path) %}
    {%- set relation = input_relation(path) -%}
    {%- set types = described("select * from " ~ relation) -%}
    {%- set only = (types.keys() | list)[0] if types | length == 1 and (types.values() | list)[0] in ("VARCHAR", "JSON") else none -%}
    select
        {{ identifier(only) ~ "::varchar" if only else "to_json(records)::varchar" }} as line,
        {{ quoted(path) }} as filename,
        {{ quoted(path) }} as source_file,
        row_number() over () as line_number
    from {{ relation }} as records
{% endmacro %}

{# Version of the content of a table: the number of rows and a digest that does not depend on their order. #}
{% macro content_version(relation) -%}{{ return(adapter.dispatch("content_version", "nextoffer")(relation)) }}{%- endmacro %}

{% macro duckdb__content_version(relation) -%}
    (select count(*) || '-' || coalesce(sum(hash(records)), 0) from {{ relation }} as records)
{%- endmacro %}
