{# Fields of propositions and their items, from the typed list that xdm_propositions returns. #}

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

{# One of the three traffic types of XDM; NULL for any other, because the arm is then unknown. #}
{% macro xdm_traffic_type(text) -%}
    case when lower({{ text }}) in ('random', 'contextual', 'noncontextual') then lower({{ text }}) end
{%- endmacro %}

{# The logged propensity of an item; NULL outside of (0, 1]. #}
{% macro xdm_item_propensity(item) -%}
    case
        when {{ item }}.itemSelection.rankingDetail.propensity between 0 and 1
            then nullif({{ item }}.itemSelection.rankingDetail.propensity, 0)
    end
{%- endmacro %}

{# List of tokens from text: a JSON list or a single token. Each may contain several tokens separated by commas. #}
{% macro xdm_tokens(text) -%}
    list_filter(
        list_transform(
            string_split(
                case
                    when starts_with({{ text }}, '[') and json_valid({{ text }})
                        then array_to_string(json_extract_string({{ text }}, '$[*]'), ',')
                    else {{ text }}
                end,
                ','
            ),
            lambda token: trim(token)
        ),
        lambda token: token <> ''
    )
{%- endmacro %}

{# Tokens and item ids that a proposition action names, as a list; NULL if it names nothing. Of several in one text that are
   joined in another way, both the text and its parts count, because a token may contain the character that joins them. #}
{% macro xdm_action_tokens(tokens, action_id) -%}
    case
        when {{ tokens }} is not null or {{ action_id }} is not null
            then nullif(
                flatten([
                    coalesce({{ xdm_tokens(tokens) }}, []),
                    case when {{ action_id }} <> '' then [{{ action_id }}] else [] end,
                    {%- for text, joins in [(tokens, "[;|]"), (action_id, "[,;|]")] %}
                    case when regexp_matches({{ text }}, '{{ joins }}') then {{ xdm_tokens("translate(" ~ text ~ ", ';|', ',,')") }} else [] end
                    {{- "," if not loop.last }}
                    {%- endfor %}
                ]),
                []
            )
    end
{%- endmacro %}

{# The tokens of an item, from any place that may carry them; NULL if it has none. #}
{% macro xdm_item_tokens(item) -%}
    {%- set characteristics = item ~ ".characteristics" -%}
    {%- set places = [
        item ~ ".token", item ~ ".trackingToken", characteristics ~ ".tracking.token", characteristics ~ ".token",
    ] -%}
    case
        when coalesce({{ places | join(", ") }}, {{ characteristics }}.tokens) is not null
            then {{ xdm_tokens("concat_ws(',', " ~ places | join(", ") ~ ", array_to_string(" ~ xdm_tokens(characteristics ~ ".tokens") ~ ", ','))") }}
    end
{%- endmacro %}

{# Whether a count of a propositionEventType, or a flag in its place, says that the event happened. #}
{% macro xdm_happened(text) -%}
    coalesce(try_cast({{ text }} as double) > 0, {{ text }} = 'true')
{%- endmacro %}
