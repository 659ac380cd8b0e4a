{# Whether a line ends inside of quotes. Stops where a quote is never closed, or where bytes are no text. #}
{% macro has_line_breaks(path, dialect) %}
    {%- set sql -%}
        select
            coalesce(sum(quotes), 0)::bigint as quotes,
            count(*) filter (where quotes % 2 = 1) as odd_lines,
            min(line_number) filter (where contains(line, chr(0))) as null_byte_line
        from (
            select line, line_number, strlen(line) - strlen(replace(line, '"', '')) as quotes
            from (select line, row_number() over () as line_number from {{ csv_text(path, dialect) }})
            where contains(line, '"') or contains(line, chr(0))
        )
    {%- endset -%}
    {%- set counted = csv_query_rows(sql)[0] -%}
    {%- if counted["null_byte_line"] -%}
        {{ exceptions.raise_compiler_error(
            "[input] " ~ path ~ " line " ~ counted["null_byte_line"] ~ ": has a NUL byte, which no text has; export the file again"
        ) }}
    {%- endif -%}
    {%- if counted["quotes"] % 2 == 1 -%}{{- require_closed_quotes(path, dialect) -}}{%- endif -%}
    {{ return(counted["odd_lines"] > 0) }}
{% endmacro %}

{# Stops with the line of a quote that opens a field and is never closed. Quotes inside unquoted text are plain characters. #}
{% macro require_closed_quotes(path, dialect) %}
    {%- set sql -%}
        select max(line_number) filter (where regexp_matches(line, '(^|[,;|\t])\s*"')) as line_number
        from (select line, row_number() over () as line_number from {{ csv_text(path, dialect) }})
        where (strlen(line) - strlen(replace(line, '"', ''))) % 2 = 1
    {%- endset -%}
    {%- set line_number = csv_query_rows(sql)[0]["line_number"] -%}
    {%- if line_number -%}{{ unclosed_quote_error(path, line_number) }}{%- endif -%}
{% endmacro %}

{# Stops with the line of a quote that opens a field and is closed only after three lines which look like rows. #}
{% macro require_no_rows_in_quotes(path, dialect) %}
    {%- set delimiter = quoted(dialect["delimiter"]) -%}
    {%- set sql -%}
        select min(opened_on) as line_number
        from (
            select
                min(line_number) filter (where quotes % 2 = 1) as opened_on,
                min(line) filter (where quotes % 2 = 1) as opened_by,
                count(*) filter (
                    where quotes = 0 and strlen(line) - strlen(replace(line, {{ delimiter }}, '')) = {{ dialect["names"] | length - 1 }}
                ) as rows_inside
            from (
                select
                    line,
                    line_number,
                    quotes,
                    sum(quotes) over (order by line_number) as quotes_so_far
                from (
                    select line, row_number() over () as line_number, strlen(line) - strlen(replace(line, '"', '')) as quotes
                    from {{ csv_text(path, dialect) }}
                )
            )
            where quotes_so_far % 2 = 1
            group by quotes_so_far
        )
        where rows_inside >= 3 and regexp_matches(opened_by, '(^|[,;|\t])\s*"')
    {%- endset -%}
    {%- set line_number = csv_query_rows(sql)[0]["line_number"] -%}
    {%- if line_number -%}{{ unclosed_quote_error(path, line_number) }}{%- endif -%}
{% endmacro %}

{% macro unclosed_quote_error(path, line_number) %}
    {{ exceptions.raise_compiler_error(
        "[input] " ~ path ~ " line " ~ line_number
        ~ ": a quote is opened and not closed; close it, and double a quote inside of a value"
    ) }}
{% endmacro %}
