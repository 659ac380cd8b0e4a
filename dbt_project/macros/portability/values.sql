{# True if a text is one of some words, NULL if it is NULL. #}
{% macro is_one_of(text, words) -%}{{ return(adapter.dispatch("is_one_of", "nextoffer")(text, words)) }}{%- endmacro %}

{# An IN list of more than a few words would be planned as a join, each time that it occurs. #}
{% macro duckdb__is_one_of(text, words) -%}
    {%- set patterns = [] -%}
    {%- for word in words -%}{%- do patterns.append(modules.re.escape(word)) -%}{%- endfor -%}
    regexp_full_match({{ text }}, {{ quoted(patterns | join("|")) }})
{%- endmacro %}

{# Text with the usual marks for a missing value (NULL, NA, N/A, NaN, \N, None and the like, in any case) turned to NULL. #}
{% macro without_null_mark(text) -%}{{ return(adapter.dispatch("without_null_mark", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__without_null_mark(text) -%}
    {%- set marks = [
        "", "null", "na", "n/a", "#n/a", "<na>", "nan", "\\n", "none", "nil", "nat", "n.a.", "(null)", "<null>", "[null]", "#null!",
        "#nv", "#n/d", "undefined", "-", "--",
    ] %}
    case
        when not {{ is_one_of("lower(trim(" ~ text ~ "))", marks) }}
            then trim({{ text }})
    end
{%- endmacro %}

{# Words for true and false, including those that spreadsheets and databases write in other languages. #}
{% macro true_words() %}
    {{ return([
        "true", "1", "1.0", "t", "yes", "y", "on",
        "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sì", "vero", "verdadero", "sim", "verdadeiro", "tak", "prawda", "ano",
        "da", "evet", "kyllä", "igen", "да", "はい", "是",
        "waar", "sant", "sand", "sann", "tosi", "igaz", "pravda", "áno", "истина", "правда", "так", "ναι", "doğru", "dogru",
        "jah", "jā", "taip", "já", "có", "ya", "benar", "ใช่", "نعم", "כן", "예", "네", "是的", "真", "हाँ", "o", "s", "v", "д",
        "x", "✓", "✔",
    ]) }}
{% endmacro %}

{% macro false_words() %}
    {{ return([
        "false", "0", "0.0", "f", "no", "n", "off",
        "nein", "falsch", "non", "faux", "falso", "não", "nao", "nie", "fałsz", "ne", "nee", "nej", "hayır", "hayir", "ei",
        "nem", "нет", "いいえ", "否",
        "onwaar", "falskt", "falsk", "usann", "epätosi", "hamis", "nepravda", "ложь", "неправда", "ні", "όχι", "οχι",
        "yanlış", "yanliş", "nē", "nu", "nei", "không", "tidak", "salah", "ไม่", "ไม่ใช่", "لا", "לא", "아니오", "아니요", "不是",
        "假", "नहीं", "н", "✗", "✘",
    ]) }}
{% endmacro %}

{# Text to a boolean, NULL for any other text. #}
{% macro text_to_boolean(text) -%}{{ return(adapter.dispatch("text_to_boolean", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__text_to_boolean(text) -%}
    case
        when {{ is_one_of("lower(trim(" ~ text ~ "))", true_words()) }} then true
        when {{ is_one_of("lower(trim(" ~ text ~ "))", false_words()) }} then false
        when try_cast(replace({{ text }}, ',', '.') as double) = 1 then true
        when try_cast(replace({{ text }}, ',', '.') as double) = 0 then false
    end
{%- endmacro %}

{# True for an amount that can be read in two ways: the comma in 1,234 may separate thousands or decimals. #}
{% macro is_ambiguous_number(text) -%}{{ return(adapter.dispatch("is_ambiguous_number", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__is_ambiguous_number(text) -%}
    regexp_full_match({{ plain_amount(text) }}, '[-+]?[1-9]\d{0,2},\d{3}')
{%- endmacro %}

{# An amount without currency, spaces and apostrophes. #}
{% macro plain_amount(text) -%}
    regexp_replace(regexp_replace({{ text }}, '^\s*([-+]?)\s*(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|Rs\.?|Fr\.)\s*|\s*(?:\p{Sc}|[A-Z]{3}|kr\.?|zł|Kč|Ft|lei)\s*$', '\1', 'g'), '[\s\x{00A0}\x{202F}''’]', '', 'g')
{%- endmacro %}

{# Text to a number. Accepts a currency and separators if only one reading is possible, such as 1,234.50, 1.234,50 or 12,5;
   NULL otherwise, as for 1,234. #}
{% macro text_to_number(text) -%}{{ return(adapter.dispatch("text_to_number", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__text_to_number(text) -%}
    coalesce(
        try_cast({{ text }} as double),
        list_transform(
            [{{ plain_amount(text) }}],
            lambda amount: case
                when regexp_full_match(amount, '[-+]?\d{1,3}(,\d{3})+\.\d+|[-+]?\d{1,3}(,\d{2,3})+,\d{3}(\.\d+)?') then try_cast(replace(amount, ',', '') as double)
                when regexp_full_match(amount, '[-+]?\d{1,3}(\.\d{3})+,\d+|[-+]?\d{1,3}(\.\d{3}){2,}') then try_cast(replace(replace(amount, '.', ''), ',', '.') as double)
                when regexp_full_match(amount, '[-+]?(\d+,(\d{1,2}|\d{4,})|0,\d+)') then try_cast(replace(amount, ',', '.') as double)
                when not contains(amount, ',') then try_cast(amount as double)
            end
        )[1]
    )
{%- endmacro %}

{# Columns of an aggregate query that show how the numbers of a text are written: how many have a decimal comma
   (`commas_<name>`), a decimal point (`points_<name>`), and how many are no numbers in either way (`others_<name>`). #}
{% macro decimal_marks(text, name) -%}{{ return(adapter.dispatch("decimal_marks", "nextoffer")(text, name)) }}{%- endmacro %}

{% macro duckdb__decimal_marks(text, name) -%}
    {%- set comma = "[-+]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{1,3}(\.\d{3})+,\d+)" -%}
    {%- set point = "[-+]?(\d+\.(\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(,\d{3})+\.\d+)" -%}
    count(*) filter (where regexp_full_match({{ plain_amount(text) }}, '{{ comma }}')) as commas_{{ name }},
    count(*) filter (where regexp_full_match({{ plain_amount(text) }}, '{{ point }}')) as points_{{ name }},
    count(*) filter (where not regexp_full_match({{ plain_amount(text) }}, '[-+]?[\d.,]+')) as others_{{ name }}
{%- endmacro %}

{# A number whose comma separates decimals, with a point in its place and without those of thousands; other text as it is. #}
{% macro decimal_comma_to_point(text) -%}{{ return(adapter.dispatch("decimal_comma_to_point", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__decimal_comma_to_point(text) -%}
    case
        when regexp_full_match({{ plain_amount(text) }}, '[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?')
            then replace(replace({{ plain_amount(text) }}, '.', ''), ',', '.')
        else {{ text }}
    end
{%- endmacro %}

{# A number whose commas separate thousands without them; other text as it is. #}
{% macro without_thousands_commas(text) -%}{{ return(adapter.dispatch("without_thousands_commas", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__without_thousands_commas(text) -%}
    case
        when contains({{ text }}, ',') and regexp_full_match({{ plain_amount(text) }}, '[-+]?\d{1,3}(,\d{3})+')
            then replace({{ plain_amount(text) }}, ',', '')
        else {{ text }}
    end
{%- endmacro %}

{# An id that was stored as a number with decimals, 7.0 for 7, or as a formula, ="007" for 007. NULL for the marks of a missing value that are hardly ids. #}
{% macro plain_id(text) -%}{{ return(adapter.dispatch("plain_id", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__plain_id(text) -%}
    case
        when ends_with({{ text }}, '.0') or ends_with({{ text }}, '.00') then regexp_replace({{ text }}, '^(-?\d+)\.0+$', '\1')
        when starts_with({{ text }}, '="') then regexp_replace({{ text }}, '^="(.*)"$', '\1')
        when {{ is_one_of("lower(" ~ text ~ ")", ["null", "nan", "<na>", "\\n", "(null)", "<null>", "undefined"]) }} then null
        else {{ text }}
    end
{%- endmacro %}

{# A number column as text, whole numbers without decimals or exponent, NaN as NULL. #}
{% macro number_to_text(column) -%}{{ return(adapter.dispatch("number_to_text", "nextoffer")(column)) }}{%- endmacro %}

{% macro duckdb__number_to_text(column) -%}
    case
        when isnan({{ column }}) then null
        when {{ column }} = trunc({{ column }}) and abs({{ column }}) < 1e18 then try_cast({{ column }} as bigint)::varchar
        else {{ column }}::varchar
    end
{%- endmacro %}
