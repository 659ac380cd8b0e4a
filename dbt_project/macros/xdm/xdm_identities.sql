{# The identity objects of all namespaces of an identityMap. A namespace holds a list of objects; an object in place of
   the list, and ids in place of objects, are read too. #}
{% macro xdm_identities(identity_map) -%}
    case
        when contains({{ identity_map }}, ':{') or not contains({{ identity_map }}, ':[{')
            then try(list_transform(
                flatten(list_transform(
                    json_extract({{ identity_map }}, '$.*'),
                    lambda held: case when {{ is_json_array("held") }} then json_extract(held, '$[*]') else [held] end
                )),
                lambda identity: {{ xdm_identity_object("identity") }}
            ))
        else try(json_extract({{ identity_map }}, '$.*[*]'))
    end
{%- endmacro %}

{% macro xdm_identity_object(identity) -%}
    case when starts_with({{ identity }}::varchar, '{') then {{ identity }} else json_object('id', {{ identity }}) end
{%- endmacro %}

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
                {{ xdm_identities("json_object('first', json_extract(" ~ identity_map ~ ", '$.*')[
                    list_position(json_keys(" ~ identity_map ~ "), list_min(json_keys(" ~ identity_map ~ ")))
                ])::varchar") }}[1]
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
