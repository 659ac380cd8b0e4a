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

{# Kind of a file by its name: csv, parquet, lines (NDJSON), json (one document or lines), table (a relation, not a file), or
   none. #}
{% macro raw_file_kind(path) %}
    {%- if path.startswith("table ") -%}{{ return("table") }}{%- endif -%}
    {%- set name = path.lower().removesuffix(".gz").removesuffix(".zst") -%}
    {%- if name.endswith(".csv") or name.endswith(".tsv") -%}{{ return("csv") }}
    {%- elif name.endswith(".parquet") -%}{{ return("parquet") }}
    {%- elif name.endswith(".ndjson") or name.endswith(".jsonl") -%}{{ return("lines") }}
    {%- elif name.endswith(".json") -%}{{ return("json") }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{# A path with the special characters of globs escaped. #}
{% macro glob_literal(path) %}
    {{ return(path.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")) }}
{% endmacro %}

{# A SQL list of the files to read. #}
{% macro file_list(paths) -%}
    {%- set literals = [] -%}
    {%- for path in paths -%}{%- do literals.append(glob_literal(path)) -%}{%- endfor -%}
    {{ quoted_list(literals) }}
{%- endmacro %}

{# Glob that matches the name of an input in any case. #}
{% macro name_glob(name) -%}
    {%- for letter in name -%}{{ "[" ~ letter.upper() ~ letter ~ "]" if letter.isalpha() else letter }}{%- endfor -%}
{%- endmacro %}

{# Every file of an input: `<name>.<kind>` in any case, or any file below a folder of that name. Links to folders are
   followed three levels deep. NDJSON files with other names at the top of the raw folder are experience events. Files and
   folders of other tools are skipped. #}
{% macro raw_files(input_name) %}
    {%- if input_name in var("inputs", {}) -%}{{ return([table_path(var("inputs")[input_name])]) }}{%- endif -%}
    {%- if var("input_files", none) is mapping -%}
        {{ return(var("input_files").get(input_name, [])) }}
    {%- endif -%}
    {%- set root = glob_literal(raw_path()) -%}
    {%- set named = root ~ "/" ~ name_glob(input_name) -%}
    {%- set sql -%}
        select distinct file
        from (
            {%- for below in ["/**", "/*", "/*/*", "/*/*/*"] %}
            select file from glob({{ quoted(named ~ below) }})
            union all
            {%- endfor %}
            select file from glob({{ quoted(named ~ ".*") }})
            {%- if input_name == "experience_events" %}
            union all
            select file from glob({{ quoted(root ~ "/*") }})
            where
                regexp_matches(lower(file), '\.(ndjson|jsonl)(\.gz)?$')
                and lower(split_part(parse_filename(file), '.', 1)) not in ({{ quoted_list(raw_inputs())[1:-1] }})
            {%- endif %}
        )
        order by file
    {%- endset -%}
    {%- set files = [] -%}
    {%- for path in query_rows(sql) | map(attribute="file") -%}
        {%- set inner = path[raw_path() | length:] -%}
        {{- refuse_table_format(path, inner) -}}
        {%- if not modules.re.search("/" ~ other_tools(), inner | lower) -%}{%- do files.append(path) -%}{%- endif -%}
    {%- endfor -%}
    {%- if not files and var("raw_schema", "") -%}
        {#- Not adapter.get_relation: for a schema that dbt does not know, it opens a transaction that nothing commits. #}
        {%- set tables -%}
            select table_name
            from information_schema.tables
            where table_catalog = current_database()
                and lower(table_schema) = lower({{ quoted(var("raw_schema")) }})
                and lower(table_name) = lower({{ quoted(input_name) }})
        {%- endset -%}
        {%- for table in query_rows(tables) -%}
            {%- do files.append("table " ~ var("raw_schema") ~ "." ~ table.table_name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(files) }}
{% endmacro %}

{# The pattern of names, in lower case, that other tools give to their own files and folders. #}
{% macro other_tools() %}
    {{ return(
        "([._]|~[$]|(thumbs[.]db|ehthumbs[.]db|desktop[.]ini|[$]recycle[.]bin|system volume information|lost[+]found|@eadir|#recycle)(/|$))"
    ) }}
{% endmacro %}

{# Stops at a folder of a table format, because its files may contain rows that the table log has deleted. #}
{% macro refuse_table_format(path, inner) %}
    {%- for mark, name in [("/_delta_log/", "Delta"), ("/.hoodie/", "Hudi"), (".metadata.json", "Iceberg")] if mark in inner -%}
        {{ exceptions.raise_compiler_error(
            "[input] " ~ path ~ " belongs to a table in " ~ name ~ " format, which is not read; export the table as plain Parquet files"
        ) }}
    {%- endfor -%}
{% endmacro %}

{# Files that are set aside with a reason: by the CLI, and files of an archive that no input reads. #}
{% macro refused_files() %}
    select
        listed.input_name,
        listed.source_file,
        listed.reason
    from (
        values
        {%- for refused in var("refused_files", []) %}
        ({{ quoted(refused[0]) }}, {{ quoted(refused[1]) }}, {{ quoted(refused[2]) }}),
        {%- endfor %}
        (null, null, null)
    ) as listed(input_name, source_file, reason)
    where listed.input_name is not null
{% endmacro %}

{# The files of an input that are of one of the kinds. #}
{% macro raw_files_of_kind(input_name, kinds) %}
    {%- set files = [] -%}
    {%- for path in raw_files(input_name) if raw_file_kind(path) in kinds -%}
        {%- do files.append(path) -%}
    {%- endfor -%}
    {{ return(files) }}
{% endmacro %}
