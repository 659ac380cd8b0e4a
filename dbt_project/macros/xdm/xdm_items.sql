{# What propositions and their items say, read from the typed list that xdm_propositions makes. #}

{# The scope of a proposition. #}
{% macro xdm_scope_id(proposition) -%}
    coalesce({{ proposition }}.scope, {{ proposition }}.scopeDetails.id)
{%- endmacro %}

{# The activity of a proposition. #}
{% macro xdm_activity_id(proposition) -%}
    {{ proposition }}.scopeDetails.activity.id
{%- endmacro %}

{# The placement of a proposition. #}
{% macro xdm_placement_id(proposition) -%}
    {{ proposition }}.scopeDetails.placement.id
{%- endmacro %}

{# The traffic type that the ranking step of a proposition gives to all of its items. #}
{% macro xdm_ranking_traffic_type(proposition) -%}
    list_filter({{ proposition }}.scopeDetails.strategies, lambda strategy: strategy.step = 'ranking')[1].trafficType
{%- endmacro %}

{# The traffic type of an item. #}
{% macro xdm_item_traffic_type(item) -%}
    {{ item }}.itemSelection.rankingDetail.trafficType
{%- endmacro %}

{# The logged propensity of an item; NULL outside of (0, 1]. #}
{% macro xdm_item_propensity(item) -%}
    case
        when {{ item }}.itemSelection.rankingDetail.propensity between 0 and 1
            then nullif({{ item }}.itemSelection.rankingDetail.propensity, 0)
    end
{%- endmacro %}

{# Whether the tokens of a proposition action name an item, by its id or its token. #}
{% macro xdm_names_item(tokens, item) -%}
    coalesce(
        {{ in_list(tokens, item ~ ".id") }}
        or {{ in_list(
            tokens, "coalesce(" ~ item ~ ".token, " ~ item ~ ".trackingToken, " ~ item ~ ".characteristics.tracking.token)"
        ) }},
        false
    )
{%- endmacro %}
