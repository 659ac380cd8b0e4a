{# List from text, which is a JSON array or values separated by `|`. Drops empty values, surrounding spaces and the
   decimals of ids that were stored as numbers. NULL stays NULL. #}
{% macro text_to_list(column) -%}{{ return(adapter.dispatch("text_to_list", "nextoffer")(column)) }}{%- endmacro %}

{% macro duckdb__text_to_list(column) -%}
    case
        when {{ column }} is null then null
        when starts_with({{ column }}, '[') and json_valid({{ column }}) then json_extract_string({{ column }}, '$[*]')
        else list_filter(
            list_transform(string_split({{ column }}, '|'), lambda part: regexp_replace(trim(part), '^(-?\d+)\.0+$', '\1')),
            lambda part: part <> ''
        )
    end
{%- endmacro %}

{# The parts of a text that `|`, `;` or `,` separate, without spaces around them. #}
{% macro split_list(text) -%}{{ return(adapter.dispatch("split_list", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__split_list(text) -%}
    string_split_regex({{ text }}, '\s*[|;,]\s*')
{%- endmacro %}

{# Sorted list of the distinct values of a column in a group. #}
{% macro sorted_list(column) -%}{{ return(adapter.dispatch("sorted_list", "nextoffer")(column)) }}{%- endmacro %}

{% macro duckdb__sorted_list(column) -%}
    list(distinct {{ column }} order by {{ column }}) filter (where {{ column }} is not null)
{%- endmacro %}

{# True if a list contains a value. #}
{% macro in_list(list, value) -%}{{ return(adapter.dispatch("in_list", "nextoffer")(list, value)) }}{%- endmacro %}

{% macro duckdb__in_list(list, value) -%}
    list_contains({{ list }}, {{ value }})
{%- endmacro %}

{# True if two lists share a value. #}
{% macro lists_overlap(left, right) -%}{{ return(adapter.dispatch("lists_overlap", "nextoffer")(left, right)) }}{%- endmacro %}

{% macro duckdb__lists_overlap(left, right) -%}
    list_has_any({{ left }}, {{ right }})
{%- endmacro %}

{# The values that two lists share, sorted. #}
{% macro shared_values(left, right) -%}{{ return(adapter.dispatch("shared_values", "nextoffer")(left, right)) }}{%- endmacro %}

{% macro duckdb__shared_values(left, right) -%}
    list_sort(list_intersect({{ left }}, {{ right }}))
{%- endmacro %}

{# An empty list of text. #}
{% macro empty_list() -%}{{ return(adapter.dispatch("empty_list", "nextoffer")()) }}{%- endmacro %}

{% macro duckdb__empty_list() -%}
    []::varchar[]
{%- endmacro %}

{# Value from the row of a group with the greatest keys, compared in order. #}
{% macro value_at_greatest(value, keys) -%}{{ return(adapter.dispatch("value_at_greatest", "nextoffer")(value, keys)) }}{%- endmacro %}

{% macro duckdb__value_at_greatest(value, keys) -%}
    max_by({{ value }}, row({{ keys | join(", ") }}))
{%- endmacro %}

{# The first three values of a group in the order of its keys, as text. #}
{% macro first_texts(value, keys) -%}{{ return(adapter.dispatch("first_texts", "nextoffer")(value, keys)) }}{%- endmacro %}

{% macro duckdb__first_texts(value, keys) -%}
    nullif(array_to_string(list({{ value }} order by {{ keys | join(", ") }}) filter (where {{ value }} is not null)[:3], ', '), '')
{%- endmacro %}

{# The values of a group in the order of a key, as text. #}
{% macro texts_in_order(value, key) -%}{{ return(adapter.dispatch("texts_in_order", "nextoffer")(value, key)) }}{%- endmacro %}

{% macro duckdb__texts_in_order(value, key) -%}
    string_agg({{ value }}, ', ' order by {{ key }})
{%- endmacro %}

{# The smallest values of a group, at most so many, in their order, as a list. #}
{% macro smallest_values(column, most) -%}{{ return(adapter.dispatch("smallest_values", "nextoffer")(column, most)) }}{%- endmacro %}

{% macro duckdb__smallest_values(column, most) -%}
    min({{ column }}, {{ most }})
{%- endmacro %}
