{# Timestamp columns of all inputs. #}
{% macro time_columns() %}
    {{ return(["event_ts", "start_date", "end_date", "qualified_at", "exited_at", "outcome_until"]) }}
{% endmacro %}

{# Rewrites the local dates of a timestamp column so that `text_to_utc` can read them. If a date could start with the day
   or the month, the other dates of the file decide, then var date_order; dates with points start with the day. Stops with
   both readings if nothing decides. A file without a local date in its first records is not searched for them: of later
   ones, only dates with one reading are read. #}
{% macro time_text(source_name, column, text, relation) %}
    {%- set beginning = "(select * from " ~ relation ~ " limit 20000)" -%}
    {%- if not query_rows(local_date_parts(text, beginning)) -%}
        {{ return(local_date_to_iso(text, {".": true, "/": none})) }}
    {%- endif -%}
    {%- set day_first = {".": true, "/": true} -%}
    {%- set parts = query_rows(local_date_parts(text, relation)) -%}
    {%- for part in parts -%}
        {%- if (part["day_first"] > 0) != (part["month_first"] > 0) -%}
            {%- do day_first.update({part["separator"]: part["day_first"] > 0}) -%}
        {%- elif var("date_order", "") -%}
            {%- do day_first.update({part["separator"]: var("date_order") == "day_first"}) -%}
        {%- elif part["unclear"] and (part["separator"] == "/" or part["month_first"]) -%}
            {%- set numbers = modules.re.findall("[0-9]+", part["unclear"]) -%}
            {{ exceptions.raise_compiler_error(
                "[input] " ~ source_name ~ ": column " ~ column ~ ": " ~ part["unclear"] ~ " can be "
                ~ numbers[2] ~ "-" ~ numbers[1] ~ "-" ~ numbers[0] ~ " or " ~ numbers[2] ~ "-" ~ numbers[0] ~ "-" ~ numbers[1]
                ~ "; write dates in that form, or state which: date_order in nextoffer.toml, --date-order or NEXTOFFER_DATE_ORDER, day_first or month_first"
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(local_date_to_iso(text, day_first)) }}
{% endmacro %}
