{# Text without a mark for "missing": NULL, NA, N/A, NaN, \N, None and the like are NULL, in any case. #}
{% macro without_null_mark(text) -%}{{ return(adapter.dispatch("without_null_mark", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__without_null_mark(text) -%}
    case
        when lower(trim({{ text }})) not in ('', 'null', 'na', 'n/a', '#n/a', '<na>', 'nan', '\n', 'none', 'nil')
            then trim({{ text }})
    end
{%- endmacro %}

{# Words for true and false. Those of other languages are the ones that spreadsheets and databases write. #}
{% macro true_words() %}
    {{ return([
        "true", "1", "1.0", "t", "yes", "y", "on",
        "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sì", "vero", "verdadero", "sim", "verdadeiro", "tak", "prawda", "ano",
        "da", "evet", "kyllä", "igen", "да", "はい", "是",
    ]) }}
{% endmacro %}

{% macro false_words() %}
    {{ return([
        "false", "0", "0.0", "f", "no", "n", "off",
        "nein", "falsch", "non", "faux", "falso", "não", "nao", "nie", "fałsz", "ne", "nee", "nej", "hayır", "hayir", "ei",
        "nem", "нет", "いいえ", "否",
    ]) }}
{% endmacro %}

{# Text to a boolean; NULL where it is none. #}
{% macro text_to_boolean(text) -%}{{ return(adapter.dispatch("text_to_boolean", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__text_to_boolean(text) -%}
    case
        when lower(trim({{ text }})) in ({{ quoted_list(true_words())[1:-1] }}) then true
        when lower(trim({{ text }})) in ({{ quoted_list(false_words())[1:-1] }}) then false
        when try_cast({{ text }} as double) = 1 then true
        when try_cast({{ text }} as double) = 0 then false
    end
{%- endmacro %}

{# Whether text is an amount that can be read in two ways: in 1,234 the comma may separate thousands or decimals. #}
{% macro is_ambiguous_number(text) -%}{{ return(adapter.dispatch("is_ambiguous_number", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__is_ambiguous_number(text) -%}
    regexp_full_match({{ plain_amount(text) }}, '[-+]?[1-9]\d{0,2},\d{3}')
{%- endmacro %}

{# An amount without its currency and the spaces and apostrophes in it. #}
{% macro plain_amount(text) -%}
    regexp_replace(regexp_replace({{ text }}, '^\s*([-+]?)\s*(?:\p{Sc}|[A-Z]{3}\b)\s*|\s*(?:\p{Sc}|\b[A-Z]{3})\s*$', '\1', 'g'), '[\s\x{00A0}\x{202F}''’]', '', 'g')
{%- endmacro %}

{# Text to a number: also amounts with a currency and with separators, where they can be read in one way only; NULL
   where they cannot. 1,234.50 and 1.234,50 and 12,5 are clear; 1,234 is not. #}
{% macro text_to_number(text) -%}{{ return(adapter.dispatch("text_to_number", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__text_to_number(text) -%}
    coalesce(
        try_cast({{ text }} as double),
        list_transform(
            [{{ plain_amount(text) }}],
            lambda amount: case
                when regexp_full_match(amount, '[-+]?\d{1,3}(,\d{3})+\.\d+|[-+]?\d{1,3}(,\d{3}){2,}') then try_cast(replace(amount, ',', '') as double)
                when regexp_full_match(amount, '[-+]?\d{1,3}(\.\d{3})+,\d+|[-+]?\d{1,3}(\.\d{3}){2,}') then try_cast(replace(replace(amount, '.', ''), ',', '.') as double)
                when regexp_full_match(amount, '[-+]?(\d+,(\d{1,2}|\d{4,})|0,\d+)') then try_cast(replace(amount, ',', '.') as double)
                when not contains(amount, ',') then try_cast(amount as double)
            end
        )[1]
    )
{%- endmacro %}

{# An id that was stored as a number with decimals: 7.0 is 7. #}
{% macro plain_id(text) -%}{{ return(adapter.dispatch("plain_id", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__plain_id(text) -%}
    case when ends_with({{ text }}, '.0') then regexp_replace({{ text }}, '^(-?\d+)\.0$', '\1') else {{ text }} end
{%- endmacro %}

{# A number column as text, whole numbers without decimals or exponent. #}
{% macro number_to_text(column) -%}{{ return(adapter.dispatch("number_to_text", "nextoffer")(column)) }}{%- endmacro %}

{% macro duckdb__number_to_text(column) -%}
    case
        when {{ column }} = trunc({{ column }}) and abs({{ column }}) < 1e18 then try_cast({{ column }} as bigint)::varchar
        else {{ column }}::varchar
    end
{%- endmacro %}
