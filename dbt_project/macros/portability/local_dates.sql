{# A local date such as 26.10.2026, 26.10.26 or 10/26/2026 09:00, with the year moved to the front; other text is unchanged.
   A number above 12 is a day; if neither is, `day_first` decides by separator, {'.': true, '/': false, '/2': none}, or leaves
   the text unchanged if none. '/2' is for years of two digits after a slash, where a first number above 12 may be the year. #}
{% macro local_date_to_iso(text, day_first) -%}
    {{ return(adapter.dispatch("local_date_to_iso", "nextoffer")(text, day_first)) }}
{%- endmacro %}

{% macro duckdb__local_date_to_iso(text, day_first) -%}
    {%- set full_year = "regexp_replace(" ~ text ~ ", '^(\\d{1,2}[./]\\d{1,2}[./])(\\d\\d)(\\D.*)?$', '\\120\\2\\3')" -%}
    {%- set pattern = "'^(\\d{1,2})[./-](\\d{1,2})[./-](\\d{4})[T ,]*(.*)$'" -%}
    {%- set with_day_first = "rtrim(regexp_replace(" ~ full_year ~ ", " ~ pattern ~ ", '\\3-\\2-\\1 \\4'))" -%}
    {%- set with_month_first = "rtrim(regexp_replace(" ~ full_year ~ ", " ~ pattern ~ ", '\\3-\\1-\\2 \\4'))" -%}
    {%- set of = {true: with_day_first, false: with_month_first, none: text} -%}
    case
        when substr({{ text }}, 2, 1) not in ('.', '/', '-') and substr({{ text }}, 3, 1) not in ('.', '/', '-') then {{ text }}
        when regexp_extract({{ text }}, {{ local_date() }}) = '' then {{ text }}
        when try_cast(regexp_extract({{ text }}, '^\d{1,2}\D(\d{1,2})', 1) as int) > 12 then {{ with_month_first }}
        when regexp_matches({{ text }}, '^\d{1,2}/\d{1,2}/\d\d(\D|$)') then {{ of[day_first["/2"]] }}
        when try_cast(regexp_extract({{ text }}, '^\d{1,2}') as int) > 12 then {{ with_day_first }}
        when regexp_matches({{ text }}, '^\d{1,2}\.') then {{ of[day_first["."]] }}
        else {{ of[day_first["/"]] }}
    end
{%- endmacro %}

{# The pattern of a local date at the beginning of a text; with points or slashes the year may have two digits. #}
{% macro local_date() -%}
    '^\d{1,2}([./-]\d{1,2}[./-]\d{4}|\.\d{1,2}\.\d\d|/\d{1,2}/\d\d)\b'
{%- endmacro %}

{# True if a text of a group begins with a local date. #}
{% macro has_local_date(text) -%}{{ return(adapter.dispatch("has_local_date", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__has_local_date(text) -%}
    coalesce(bool_or(regexp_matches({{ text }}, {{ local_date() }})), false)
{%- endmacro %}

{# Evidence for the order of the local dates in a column, one row per separator: how many can only start with the day, how
   many only with the month, and an example that could be either. With '/2', a date that can only start with the day or the
   year is such an example, too. #}
{% macro local_date_parts(text, relation) -%}{{ return(adapter.dispatch("local_date_parts", "nextoffer")(text, relation)) }}{%- endmacro %}

{% macro duckdb__local_date_parts(text, relation) -%}
    select
        case when contains(written, '.') then '.' when regexp_matches(written, '/\d\d$') then '/2' else '/' end as separator,
        count(*) filter (where first_number > 12) as day_first,
        count(*) filter (where second_number > 12) as month_first,
        min(written) filter (where second_number <= 12 and (first_number <= 12 or regexp_matches(written, '/\d\d$'))) as unclear
    from (
        select
            regexp_extract({{ text }}, {{ local_date() }}) as written,
            try_cast(regexp_extract(written, '^(\d{1,2})', 1) as int) as first_number,
            try_cast(regexp_extract(written, '^\d{1,2}\D(\d{1,2})', 1) as int) as second_number
        from {{ relation }}
    )
    where written <> ''
    group by 1
    order by 1
{%- endmacro %}
