{# A map from a list of keys and a list of values of the same length; keys whose value is NULL are left out. #}
{% macro map_of(keys, values) -%}{{ return(adapter.dispatch("map_of", "nextoffer")(keys, values)) }}{%- endmacro %}

{% macro duckdb__map_of(keys, values) -%}
    map_from_entries(
        list_filter(list_zip({{ keys }}, {{ values }}), lambda entry: entry[2] is not null)
    )
{%- endmacro %}

{# Map of names known at compile time to expressions, which may be NULL. Four times as fast as a map from lists. #}
{% macro map_of_names(names, values) -%}{{ return(adapter.dispatch("map_of_names", "nextoffer")(names, values)) }}{%- endmacro %}

{% macro duckdb__map_of_names(names, values) -%}
    {%- if not names -%}
        {{ empty_map() }}
    {%- elif names | map("lower") | unique | list | length < names | length -%}
        {#- Field names of a struct must differ in more than case. -#}
        map({{ quoted_list(names) }}, [{{ values | join(", ") }}])
    {%- else -%}
        {%- set entries = [] -%}
        {%- for name in names -%}
            {%- do entries.append(quoted(name) ~ ": " ~ values[loop.index0]) -%}
        {%- endfor -%}
        { {{ entries | join(", ") }} }::map(varchar, varchar)
    {%- endif -%}
{%- endmacro %}

{# The value of a key, NULL where the map has none. #}
{% macro map_value(map, key) -%}{{ return(adapter.dispatch("map_value", "nextoffer")(map, key)) }}{%- endmacro %}

{% macro duckdb__map_value(map, key) -%}
    {{ map }}[{{ key }}]
{%- endmacro %}

{# The entries of two maps. The second map wins where both have a key. #}
{% macro merged_maps(first, second) -%}{{ return(adapter.dispatch("merged_maps", "nextoffer")(first, second)) }}{%- endmacro %}

{% macro duckdb__merged_maps(first, second) -%}
    map_concat({{ first }}, {{ second }})
{%- endmacro %}

{# An empty map of text to text. #}
{% macro empty_map() -%}{{ return(adapter.dispatch("empty_map", "nextoffer")()) }}{%- endmacro %}

{% macro duckdb__empty_map() -%}
    map()::map(varchar, varchar)
{%- endmacro %}

{# One row per entry of a map, a struct of key and value; in a select list. #}
{% macro unnest_entries(map) -%}{{ return(adapter.dispatch("unnest_entries", "nextoffer")(map)) }}{%- endmacro %}

{% macro duckdb__unnest_entries(map) -%}
    unnest(map_entries({{ map }}))
{%- endmacro %}

{# A map as JSON text, which writes ten times as fast in a large column and can be read once per distinct value. #}
{% macro text_of_map(map) -%}{{ return(adapter.dispatch("text_of_map", "nextoffer")(map)) }}{%- endmacro %}

{% macro duckdb__text_of_map(map) -%}
    to_json({{ map }})::varchar
{%- endmacro %}

{# JSON text of names known at compile time and their expressions, which may be NULL. #}
{% macro text_of_names(names, values) -%}{{ return(adapter.dispatch("text_of_names", "nextoffer")(names, values)) }}{%- endmacro %}

{% macro duckdb__text_of_names(names, values) -%}
    {%- set entries = [] -%}
    {%- for name in names -%}
        {%- do entries.append(quoted(name) ~ ", " ~ values[loop.index0]) -%}
    {%- endfor -%}
    json_object({{ entries | join(", ") }})::varchar
{%- endmacro %}

{# The map that text_of_map or text_of_names wrote as text. #}
{% macro map_of_text(text) -%}{{ return(adapter.dispatch("map_of_text", "nextoffer")(text)) }}{%- endmacro %}

{% macro duckdb__map_of_text(text) -%}
    {{ text }}::json::map(varchar, varchar)
{%- endmacro %}
