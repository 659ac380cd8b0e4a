{# The value of a feature as text, NULL where it is missing. `row` has segments, context and decisioning columns. #}
{% macro feature_text(row, feature) -%}
    case
        when {{ feature }}.feature_kind = 'segment' then {{ in_list(row ~ ".segments", feature ~ ".feature_name") }}::varchar
        when {{ feature }}.feature_name = 'placement_id' then {{ row }}.placement_id
        when {{ feature }}.feature_name = 'activity_id' then {{ row }}.activity_id
        when {{ feature }}.feature_name = 'scope_id' then {{ row }}.scope_id
        else {{ map_value(row ~ ".context", feature ~ ".feature_name") }}
    end
{%- endmacro %}

{# The value of a feature as people read it: missing values are named, numbers are given as their quarter. Expects the columns
   feature_text, value_type, lower_quartile, median and upper_quartile. #}
{% macro readable_feature_value() -%}
    case
        when feature_text is null then '(missing)'
        when value_type <> 'number' then feature_text
        when try_cast(feature_text as double) is null then '(missing)'
        when try_cast(feature_text as double) <= lower_quartile then 'up to ' || lower_quartile
        when try_cast(feature_text as double) <= median then lower_quartile || ' to ' || median
        when try_cast(feature_text as double) <= upper_quartile then median || ' to ' || upper_quartile
        else 'over ' || upper_quartile
    end
{%- endmacro %}
