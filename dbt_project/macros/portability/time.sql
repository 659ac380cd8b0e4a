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
