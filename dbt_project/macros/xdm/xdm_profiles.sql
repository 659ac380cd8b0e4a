{# XDM profiles, whose map `segmentMembership` has namespace -> segment -> {lastQualificationTime, status, validUntil}. #}

{# The namespaced spelling of the fields of a profile. #}
{% macro xdm_profile_spellings() %}
    {{ return({"segmentMembership": "xdm:segmentMembership", "identityMap": "xdm:identityMap", "_id": "@id"}) }}
{% endmacro %}

{# Whether a record is a profile rather than a membership. #}
{% macro is_xdm_profile() -%}
    "segmentMembership" is not null
{%- endmacro %}

{# CTEs up to `xdm_memberships`: one row per profile and segment of the profiles in `records`. #}
{% macro xdm_memberships(records) %}
profiles as (

    select
        *,
        try(json_extract("identityMap", '$.*[*]')) as identities,
        coalesce(profile_id, {{ xdm_identity_id(xdm_identity('"identityMap"', "identities")) }}, "_id") as person,
        unnest(json_extract("segmentMembership", '$.*')) as memberships
    from {{ records }}
    where {{ is_json_object('"segmentMembership"') }}

),

-- Names and details stand in the same order, so that no name has to be written into a path.
memberships as (

    select
        *,
        unnest(json_keys(memberships)) as member_of,
        unnest(json_extract(memberships, '$.*')) as membership
    from profiles

),

xdm_memberships as (

    select
        person as profile_id,
        member_of as segment_id,
        {%- for name, path in [
            ("qualified_text", "lastQualificationTime"), ("exited_text", "validUntil"), ("status", "status"),
        ] %}
        coalesce(
            json_extract_string(membership, '$.{{ path }}'), json_extract_string(membership, '$."xdm:{{ path }}"')
        ) as {{ name }},
        {%- endfor %}
        raw_line,
        source_file,
        line_number
    from memberships

),
{%- endmacro %}
