{# Propositions as a typed list, in either spelling. Only keys lose the prefix, because only keys precede a colon. If the
   prefix occurs in keys only, which is nearly always so, plain replacement is three times as fast. #}
{% macro xdm_propositions(text) -%}
    {%- set plain -%}
    case
        when starts_with({{ text }}, '{') then '[' || replace({{ text }}, '"xdm:', '"') || ']'
        when not contains({{ text }}, '"xdm:') then {{ text }}
        when not regexp_matches({{ text }}, '"xdm:([A-Za-z]*[^A-Za-z"]|[A-Za-z]+"[^:]|")')
            then replace({{ text }}, '"xdm:', '"')
        else regexp_replace({{ text }}, '"xdm:([A-Za-z]+)":', '"\1":', 'g')
    end
    {%- endset -%}
    try(json_transform(
        case
            when {{ xdm_may_have_wrapper(text) }} and json_valid({{ text }}) then {{ xdm_unwrapped("(" ~ plain ~ ")") }}
            else {{ plain }}
        end,
        '[{
            "id": "VARCHAR",
            "partId": "VARCHAR",
            "scope": "VARCHAR",
            "scopeDetails": {
                "id": "VARCHAR",
                "placement": {"id": "VARCHAR"},
                "activity": {"id": "VARCHAR"},
                "strategies": [{"step": "VARCHAR", "trafficType": "VARCHAR"}]
            },
            "items": [{
                "id": "VARCHAR",
                "token": "VARCHAR",
                "trackingToken": "VARCHAR",
                "characteristics": {"tracking": {"token": "VARCHAR"}, "token": "VARCHAR", "tokens": "VARCHAR"},
                "itemSelection": {"rankingDetail": {"trafficType": "VARCHAR", "propensity": "DOUBLE"}}
            }]
        }]'
    ))
{%- endmacro %}
