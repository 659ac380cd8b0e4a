{# A count as text for people, with commas between thousands. #}
{% macro count_text(amount) -%}{{ return(adapter.dispatch("count_text", "nextoffer")(amount)) }}{%- endmacro %}

{% macro duckdb__count_text(amount) -%}
    format('{:,}', ({{ amount }})::bigint)
{%- endmacro %}

{# A number as text for people, with a fixed number of decimals. #}
{% macro number_text(amount, decimals) -%}{{ return(adapter.dispatch("number_text", "nextoffer")(amount, decimals)) }}{%- endmacro %}

{% macro duckdb__number_text(amount, decimals) -%}
    format('{:,.{{ decimals }}f}', ({{ amount }})::double)
{%- endmacro %}

{# Digest of a list of values of any type, NULL included: the md5 of their JSON, which keeps the values apart. #}
{% macro content_id(values) -%}{{ return(adapter.dispatch("content_id", "nextoffer")(values)) }}{%- endmacro %}

{% macro duckdb__content_id(values) -%}
    md5(json_array({{ values | join(", ") }})::varchar)
{%- endmacro %}

{# A list of segments and a map of context as text, sorted so that the order of input columns does not matter; numbers in
   one spelling, because 1 and 1.0 are the same in another kind of file. #}
{% macro text_of_features(segments, context) -%}
    {{ return(adapter.dispatch("text_of_features", "nextoffer")(segments, context)) }}
{%- endmacro %}

{% macro duckdb__text_of_features(segments, context) -%}
    json_array(
        list_sort({{ segments }}),
        list_sort(list_transform(
            map_entries({{ context }}),
            lambda entry: [entry.key, coalesce(try_cast(entry.value as double)::varchar, entry.value)]
        ))
    )::varchar
{%- endmacro %}

{# Stops the query with a message, a text expression. #}
{% macro stop_with(message) -%}{{ return(adapter.dispatch("stop_with", "nextoffer")(message)) }}{%- endmacro %}

{% macro duckdb__stop_with(message) -%}
    error({{ message }})
{%- endmacro %}

{# Letters and digits that look like Latin ones, or mean the same digit: Cyrillic and Greek, full-width, and digits of Arabic,
   Persian and Devanagari; and the Latin ones, in the same order. #}
{% macro look_alikes() %}
    {{ return((
        "авсеёԁһніїјкморԛѕтухԝαβεζηικμνορτυχı"
        ~ "０１２３４５６７８９ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
        ~ "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९",
        "abceedhhiijkmopqstyxwabeznikmvoptuxi"
        ~ "0123456789abcdefghijklmnopqrstuvwxyz"
        ~ "012345678901234567890123456789",
    )) }}
{% endmacro %}

{# Text in lower case without accents and look-alikes. Only for comparisons: it is no translation. #}
{% macro without_look_alikes(text) -%}{{ return(adapter.dispatch("without_look_alikes", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__without_look_alikes(text) -%}
    case
        when strlen({{ text }}) = length({{ text }}) then lower({{ text }})
        else translate(strip_accents(lower({{ text }})), {{ quoted(look_alikes()[0]) }}, {{ quoted(look_alikes()[1]) }})
    end
{%- endmacro %}
