{# The inputs of the contract: name -> the file kinds that are read. #}
{% macro raw_inputs() %}
    {{ return([
        "experience_events", "displays", "offers", "segment_memberships", "eligibility_rules", "capping_rules",
        "ranking_strategies", "strategy_segments", "strategy_offers", "context_features", "requests",
    ]) }}
{% endmacro %}

{# The folder of input files: var raw_path, or `raw` beside dbt_project.yml. #}
{% macro raw_path() %}
    {%- set path = var("raw_path", "") or (invocation_args_dict.get("project_dir") or ".") | string ~ "/raw" -%}
    {{ return(path.rstrip("/")) }}
{% endmacro %}

{# What kind of file a name stands for: csv, parquet, lines (NDJSON), json (one document or lines), or none. #}
{% macro raw_file_kind(path) %}
    {%- set name = path.lower().removesuffix(".gz") -%}
    {%- if name.endswith(".csv") -%}{{ return("csv") }}
    {%- elif name.endswith(".parquet") -%}{{ return("parquet") }}
    {%- elif name.endswith(".ndjson") or name.endswith(".jsonl") -%}{{ return("lines") }}
    {%- elif name.endswith(".json") -%}{{ return("json") }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{# A path in which the characters of a glob stand for themselves. #}
{% macro glob_literal(path) %}
    {{ return(path.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")) }}
{% endmacro %}

{# A SQL list of the files to read. #}
{% macro file_list(paths) -%}
    {%- set literals = [] -%}
    {%- for path in paths -%}{%- do literals.append(glob_literal(path)) -%}{%- endfor -%}
    {{ quoted_list(literals) }}
{%- endmacro %}

{# Every file of an input: `<name>.<kind>`, or anything below a folder of that name. Loose NDJSON files beside the
   named inputs are experience events. Hidden files and those that start with `_` are marks of other tools. #}
{% macro raw_files(input_name) %}
    {%- set root = glob_literal(raw_path()) -%}
    {%- set sql -%}
        select distinct file
        from (
            select file from glob({{ quoted(root ~ "/" ~ input_name ~ ".*") }})
            union all
            select file from glob({{ quoted(root ~ "/" ~ input_name ~ "/**") }})
            {%- if input_name == "experience_events" %}
            union all
            select file from glob({{ quoted(root ~ "/*") }})
            where
                regexp_matches(lower(file), '\.(ndjson|jsonl)(\.gz)?$')
                and split_part(parse_filename(file), '.', 1) not in ({{ quoted_list(raw_inputs())[1:-1] }})
            {%- endif %}
        )
        where not regexp_matches(parse_filename(file), '^[._]')
        order by file
    {%- endset -%}
    {{ return(query_rows(sql) | map(attribute="file") | list) }}
{% endmacro %}

{# The files of an input that are of one of the kinds. #}
{% macro raw_files_of_kind(input_name, kinds) %}
    {%- set files = [] -%}
    {%- for path in raw_files(input_name) if raw_file_kind(path) in kinds -%}
        {%- do files.append(path) -%}
    {%- endfor -%}
    {{ return(files) }}
{% endmacro %}

{# A file's name as published: relative to the raw folder, so that results do not depend on where it lies. #}
{% macro source_file(column="filename") -%}
    replace({{ column }}, {{ quoted(raw_path() ~ "/") }}, '')
{%- endmacro %}
