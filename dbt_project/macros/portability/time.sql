{# Text to a UTC timestamp: an offset is honoured, none means UTC; NULL where it is no time. #}
{% macro text_to_utc(column) -%}{{ return(adapter.dispatch("text_to_utc", "nextoffer")(column)) }}{%- endmacro %}

{% macro duckdb__text_to_utc(column) -%}
    try_cast({{ column }} as timestamptz) at time zone 'UTC'
{%- endmacro %}

{# A timestamp moved by a number of hours or days (an expression, fractions allowed). #}
{% macro add_hours(timestamp, hours) -%}{{ return(adapter.dispatch("add_hours", "nextoffer")(timestamp, hours)) }}{%- endmacro %}

{% macro duckdb__add_hours(timestamp, hours) -%}
    {{ timestamp }} + to_microseconds(({{ hours }} * 3600000000)::bigint)
{%- endmacro %}

{% macro add_days(timestamp, days) -%}{{ return(add_hours(timestamp, "24 * (" ~ days ~ ")")) }}{%- endmacro %}

{# Whole days of the calendar from one moment to a later one, UTC. #}
{% macro days_between(start, end) -%}{{ return(adapter.dispatch("days_between", "nextoffer")(start, end)) }}{%- endmacro %}

{% macro duckdb__days_between(start, end) -%}
    date_diff('day', {{ start }}, {{ end }})
{%- endmacro %}

{# Start of the capping period that a moment lies in: days and months of the calendar, weeks from Sunday, UTC. #}
{% macro period_start(timestamp, period) -%}{{ return(adapter.dispatch("period_start", "nextoffer")(timestamp, period)) }}{%- endmacro %}

{% macro duckdb__period_start(timestamp, period) -%}
    case {{ period }}
        when 'day' then date_trunc('day', {{ timestamp }})
        when 'week' then date_trunc('day', {{ timestamp }}) - to_days(dayofweek({{ timestamp }})::int)
        when 'month' then date_trunc('month', {{ timestamp }})
    end
{%- endmacro %}

{# A number of periods before a moment. #}
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
