{# The identity object of an event's person: the one marked primary, else the first of the alphabetically first
   namespace. `identities` is the list of identity objects of all namespaces in `identity_map`. #}
{% macro xdm_identity(identity_map, identities) -%}
    case
        when coalesce(len({{ identities }}), 0) = 0 then null
        when len({{ identities }}) = 1 then {{ identities }}[1]
        else
            coalesce(
                list_filter(
                    {{ identities }},
                    lambda identity: coalesce(
                        json_extract_string(identity, '$.primary'), json_extract_string(identity, '$."xdm:primary"')
                    ) = 'true'
                )[1],
                json_extract(
                    json_extract({{ identity_map }}, '$.*')[
                        list_position(json_keys({{ identity_map }}), list_min(json_keys({{ identity_map }})))
                    ],
                    '$[0]'
                )
            )
    end
{%- endmacro %}

{# Propositions as a typed list, whichever spelling. Only keys lose the prefix: a value cannot be followed by a colon.
   Where the prefix is found in keys only, which is nearly always, plain replacement is three times as fast. #}
{% macro xdm_propositions(text) -%}
    try(json_transform(
        case
            when not contains({{ text }}, '"xdm:') then {{ text }}
            when not regexp_matches({{ text }}, '"xdm:([A-Za-z]*[^A-Za-z"]|[A-Za-z]+"[^:]|")')
                then replace({{ text }}, '"xdm:', '"')
            else regexp_replace({{ text }}, '"xdm:([A-Za-z]+)":', '"\1":', 'g')
        end,
        '[{
            "id": "VARCHAR",
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
                "characteristics": {"tracking": {"token": "VARCHAR"}},
                "itemSelection": {"rankingDetail": {"trafficType": "VARCHAR", "propensity": "DOUBLE"}}
            }]
        }]'
    ))
{%- endmacro %}
