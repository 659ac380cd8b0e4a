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

{# The id of an identity object; NULL if empty. #}
{% macro xdm_identity_id(identity) -%}
    nullif(
        coalesce(json_extract_string({{ identity }}, '$.id'), json_extract_string({{ identity }}, '$."xdm:id"')), ''
    )
{%- endmacro %}

{# The ids of a person other than profile_id; NULL if the event has a single identity, which is the usual case. #}
{% macro xdm_other_ids(identities, profile_id) -%}
    case
        when len({{ identities }}) > 1
            then list_filter(
                list_distinct(
                    list_transform(
                        {{ identities }},
                        lambda identity: {{ xdm_identity_id("identity") }}
                    )
                ),
                lambda id: id <> {{ profile_id }}
            )
    end
{%- endmacro %}
