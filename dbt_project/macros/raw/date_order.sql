{# Timestamp columns of all inputs. #}
{% macro time_columns() %}
    {{ return(["event_ts", "start_date", "end_date", "qualified_at", "exited_at", "outcome_until"]) }}
{% endmacro %}

{# Rewrites the local dates of a timestamp column so that `text_to_utc` can read them. If a date could start with the day
   or the month, the other dates of the file decide, then var date_order; dates with points start with the day. Stops with
   both readings if nothing decides. A file without a local date in its first records is not searched for them: of later
   ones, only dates with one reading are read. traits: the result of `text_traits`. #}
{% macro time_text(source_name, column, relation, traits) %}
    {%- set text = identifier(column) -%}
    {%- if not traits.get("has_local_date_" ~ column) -%}
        {{ return(local_date_to_iso(text, {".": true, "/": none, "/2": none})) }}
    {%- endif -%}
    {%- set day_first = {".": true, "/": true, "/2": none} -%}
    {%- set parts = query_rows(local_date_parts(text, relation)) -%}
    {%- for part in parts -%}
        {%- set is_day_first = part["day_first"] > 0 -%}
        {%- if is_day_first != (part["month_first"] > 0) and not (is_day_first and part["separator"] == "/2") -%}
            {%- do day_first.update({part["separator"]: is_day_first}) -%}
        {%- elif var("date_order", "") -%}
            {%- do day_first.update({part["separator"]: var("date_order") == "day_first"}) -%}
        {%- elif part["unclear"] and (part["separator"] != "." or part["month_first"]) -%}
            {%- set numbers = modules.re.findall("[0-9]+", part["unclear"]) -%}
            {%- set year = numbers[2] if numbers[2] | length == 4 else "20" ~ numbers[2] -%}
            {%- set other = year ~ "-" ~ numbers[0] ~ "-" ~ numbers[1] if numbers[0] | int <= 12 else "20" ~ numbers | join("-") -%}
            {{ exceptions.raise_compiler_error(
                "[input] " ~ source_name ~ ": column " ~ column ~ ": " ~ part["unclear"] ~ " can be "
                ~ year ~ "-" ~ numbers[1] ~ "-" ~ numbers[0] ~ " or " ~ other
                ~ "; write dates in that form, or state which: date_order in nextoffer.toml, --date-order or NEXTOFFER_DATE_ORDER, day_first or month_first"
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(local_date_to_iso(text, day_first)) }}
{% endmacro %}
