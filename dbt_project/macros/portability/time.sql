{# Text to a UTC timestamp, NULL if it cannot be read. Honours an offset or zone name; without one, the time is in var
   time_zone, UTC by default. Reads common ISO 8601 forms, RFC 2822, and seconds to nanoseconds since 1970. #}
{% macro text_to_utc(column) -%}
    {%- set moment = adapter.dispatch("text_to_utc", "nextoffer")(column) -%}
    {{ return(adapter.dispatch("in_own_zone", "nextoffer")(column, moment) if var("time_zone", "") else moment) }}
{%- endmacro %}

{# A timestamp read as UTC, converted from var time_zone unless its text is an epoch or states an offset or zone. #}
{% macro duckdb__in_own_zone(column, moment) -%}
    case
        when
            regexp_matches({{ column }}, '(Z|UTC|GMT|[+-]\d\d:?\d\d|:\d\d(\.\d+)?[+-]\d\d|[A-Za-z]+/[A-Za-z_]+\]?|\d ?[A-Z]{3,4})$|(GMT|UTC)[+-]\d\d| UTC \d{4}$|^/Date')
            or regexp_full_match({{ column }}, '-?\d{9,13}(\.\d+)?|\d{15,}')
            then {{ moment }}
        else ({{ moment }} at time zone {{ quoted(var("time_zone")) }}) at time zone 'UTC'
    end
{%- endmacro %}

{% macro duckdb__text_to_utc(column) -%}
    coalesce(
        -- The engine would read 1/2/27 as a day of the year 1, and 26-OCT-26 as one of the year 26.
        case
            when substr({{ column }}, 2, 1) not in ('/', '-') and substr({{ column }}, 3, 1) not in ('/', '-')
                then try_cast({{ column }} as timestamptz) at time zone 'UTC'
        end,
        case
            when regexp_full_match({{ column }}, '-?\d{9,10}(\.\d+)?') then make_timestamp((try_cast({{ column }} as double) * 1000000)::bigint)
            when regexp_full_match({{ column }}, '\d{12,13}(\.\d+)?') then make_timestamp((try_cast({{ column }} as double) * 1000)::bigint)
            when regexp_full_match({{ column }}, '\d{15,16}') then make_timestamp({{ column }}::bigint)
            when regexp_full_match({{ column }}, '\d{18,19}') then make_timestamp({{ column }}::bigint // 1000)
            when regexp_full_match({{ column }}, '/Date\(\d{12,13}([+-]\d{4})?\)/')
                then make_timestamp(regexp_extract({{ column }}, '\d+')::bigint * 1000)
            when regexp_full_match({{ column }}, '(19|20)\d{6}([T ]?\d{6}.*)?')
                then try_cast(
                    rtrim(regexp_replace({{ column }}, '^(\d{4})(\d{2})(\d{2})[T ]?(\d{2})?(\d{2})?(\d{2})?(.*)$', '\1-\2-\3 \4:\5:\6\7'), ' :') as timestamptz
                ) at time zone 'UTC'
            when regexp_matches({{ column }}, '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d,\d+|\[[A-Za-z/_]+\]$')
                then try_cast(
                    regexp_replace(replace({{ column }}, ',', '.'), '\[[A-Za-z/_]+\]$', '') as timestamptz
                ) at time zone 'UTC'
        end,
        -- Formats with and without an offset apart: in one list, a text takes over the offset of the text before it.
        try_strptime(
            regexp_replace(
                regexp_replace({{ column }}, ' (GMT|UTC|Z)$', ' +0000'), ' (?:GMT|UTC)([+-]\d{4}).*$| (\+0000) \+0000$', ' \1\2'
            ),
            [
                '%a, %d %b %Y %H:%M:%S %z', '%d %b %Y %H:%M:%S %z', '%d/%b/%Y:%H:%M:%S %z', '%a %b %d %Y %H:%M:%S %z',
                '%Y-%m-%d %H:%M:%S %z'
            ]
        )::timestamptz at time zone 'UTC',
        try_strptime(
            regexp_replace({{ column }}, ' UTC( \d{4})$', '\1'),
            [
                '%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M %p', '%d %b %Y', '%d %b %Y %H:%M:%S', '%d %b %Y %H:%M', '%d-%b-%Y',
                '%d-%b-%Y %H:%M:%S', '%b %d, %Y', '%B %d, %Y', '%b %d, %Y %I:%M:%S %p', '%b %d, %Y %I:%M %p', '%b %d, %Y %H:%M:%S',
                '%d-%b-%y', '%d-%b-%y %H:%M:%S', '%d-%b-%y %I.%M.%S.%f %p', '%Y-%m-%d-%H.%M.%S.%f', '%Y.%m.%d',
                '%Y.%m.%d %H:%M:%S', '%d %B %Y', '%d %B %Y %H:%M', '%d %B %Y %H:%M:%S', '%B %d, %Y %H:%M:%S', '%A, %B %d, %Y',
                '%b %d %Y', '%b %d %Y %H:%M:%S', '%d/%b/%Y', '%d%b%Y', '%d%b%Y:%H:%M:%S', '%a %b %d %H:%M:%S %Y'
            ]
        )
    )
{%- endmacro %}

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

{# A timestamp plus a number of hours or days, given as an expression; fractions are allowed. #}
{% macro add_hours(timestamp, hours) -%}{{ return(adapter.dispatch("add_hours", "nextoffer")(timestamp, hours)) }}{%- endmacro %}

{% macro duckdb__add_hours(timestamp, hours) -%}
    {{ timestamp }} + to_microseconds(({{ hours }} * 3600000000)::bigint)
{%- endmacro %}

{% macro add_days(timestamp, days) -%}{{ return(add_hours(timestamp, "24 * (" ~ days ~ ")")) }}{%- endmacro %}

{# Calendar days from one timestamp to a later one, UTC. #}
{% macro days_between(start, end) -%}{{ return(adapter.dispatch("days_between", "nextoffer")(start, end)) }}{%- endmacro %}

{% macro duckdb__days_between(start, end) -%}
    date_diff('day', {{ start }}, {{ end }})
{%- endmacro %}

{# Start of the capping period of a timestamp, UTC: calendar days and months, weeks from Sunday. #}
{% macro period_start(timestamp, period) -%}{{ return(adapter.dispatch("period_start", "nextoffer")(timestamp, period)) }}{%- endmacro %}

{% macro duckdb__period_start(timestamp, period) -%}
    case {{ period }}
        when 'day' then date_trunc('day', {{ timestamp }})
        when 'week' then date_trunc('day', {{ timestamp }}) - to_days(dayofweek({{ timestamp }})::int)
        when 'month' then date_trunc('month', {{ timestamp }})
    end
{%- endmacro %}

{# A timestamp minus a number of periods. #}
{% macro periods_before(timestamp, period, count) -%}
    {{ return(adapter.dispatch("periods_before", "nextoffer")(timestamp, period, count)) }}
{%- endmacro %}

{% macro duckdb__periods_before(timestamp, period, count) -%}
    case {{ period }}
        when 'day' then {{ timestamp }} - to_days(({{ count }})::int)
        when 'week' then {{ timestamp }} - to_days((7 * ({{ count }}))::int)
        when 'month' then {{ timestamp }} - to_months(({{ count }})::int)
    end
{%- endmacro %}
