{# Maximum number of rejected rows that are kept per file and reason. The others are counted. #}
{% macro most_rejected_rows() %}{{ return(1000) }}{% endmacro %}

{# Post-hook of a model that reads files once, after `keep_rejected_lines`: of the rows of a file that are rejected for one
   reason, the first are kept. The others become one row of `raw_rejected_lines`, without a line, that has their number. #}
{% macro bound_rejected_rows(input_name) %}
    {%- set lines = target.schema ~ ".raw_rejected_lines" -%}
    {%- if not is_incremental() %}
    delete from {{ lines }} where input_name = '{{ input_name }}' and line_number is null;
    {%- endif %}
    {{ count_rejected_rows(input_name, this, "reject_reason", "rowid") }}
    {{ count_rejected_rows(input_name, lines, "reason", "line_number", "input_name = '" ~ input_name ~ "'") }}
{% endmacro %}

{# Moves all but the first rejected rows of each file and reason from a table, by their place in it, to a count. #}
{% macro count_rejected_rows(input_name, table, reason, place, condition="true") %}
    create or replace temporary table excess as
    select
        source_file,
        file_version,
        {{ reason }} as reason,
        min({{ place }}, {{ most_rejected_rows() }})[{{ most_rejected_rows() }}] as last_kept,
        count(*) - {{ most_rejected_rows() }} as records
    from {{ table }}
    where {{ reason }} is not null and {{ place }} is not null and {{ condition }}
    group by source_file, file_version, {{ reason }}
    having count(*) > {{ most_rejected_rows() }};
    delete from {{ table }}
    using excess
    where
        {{ condition }}
        and {{ table }}.source_file = excess.source_file
        and {{ table }}.file_version = excess.file_version
        and {{ table }}.{{ reason }} = excess.reason
        and {{ table }}.{{ place }} > excess.last_kept;
    delete from {{ target.schema }}.raw_rejected_lines as lines
    using excess
    where
        lines.input_name = '{{ input_name }}'
        and lines.source_file = excess.source_file
        and lines.reason = excess.reason
        and lines.line_number is null;
    insert into {{ target.schema }}.raw_rejected_lines (input_name, source_file, file_version, reason, records)
    select '{{ input_name }}', source_file, file_version, reason, records from excess;
    drop table excess;
{% endmacro %}
