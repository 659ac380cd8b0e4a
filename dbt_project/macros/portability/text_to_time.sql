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
                regexp_replace(trim({{ column }}, '[]'), ' (GMT|UTC|Z)$', ' +0000'), ' (?:GMT|UTC)([+-]\d{4}).*$| (\+0000) \+0000$', ' \1\2'
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
                '%d-%b-%Y %H:%M:%S', '%d-%b-%Y %H:%M', '%b %d, %Y', '%B %d, %Y', '%b %d, %Y %I:%M:%S %p', '%b %d, %Y %I:%M %p', '%b %d, %Y %H:%M:%S',
                '%d-%b-%y', '%d-%b-%y %H:%M:%S', '%d-%b-%y %H:%M', '%d-%b-%y %I.%M.%S.%f %p', '%Y-%m-%d-%H.%M.%S.%f', '%Y.%m.%d',
                '%Y.%m.%d %H:%M:%S', '%d %B %Y', '%d %B %Y %H:%M', '%d %B %Y %H:%M:%S', '%B %d, %Y %H:%M:%S', '%A, %B %d, %Y', '%A, %d %B %Y',
                '%A, %d %B %Y %H:%M', '%A, %d %B %Y %H:%M:%S',
                '%b %d %Y', '%b %d %Y %H:%M:%S', '%d/%b/%Y', '%d%b%Y', '%d%b%Y:%H:%M:%S', '%a %b %d %H:%M:%S %Y'
            ]
        )
    )
{%- endmacro %}
