{# XDM profiles. Their map `segmentMembership` is namespace -> segment -> {lastQualificationTime, status, validUntil}. #}

{# The namespaced spelling of the fields of a profile. #}
{% macro xdm_profile_spellings() %}
    {{ return({"segmentMembership": "xdm:segmentMembership", "identityMap": "xdm:identityMap", "_id": "@id"}) }}
{% endmacro %}

{# True if a record is an XDM profile and not a plain membership. #}
{% macro is_xdm_profile() -%}
    "segmentMembership" is not null
{%- endmacro %}

{# CTEs up to `xdm_memberships`: one row per profile and segment of the profiles in `records`. #}
{% macro xdm_memberships(records) %}
profiles as (

    select
        *,
        {{ xdm_identities('"identityMap"') }} as identities,
        coalesce(profile_id, {{ xdm_identity_id(xdm_identity('"identityMap"', "identities")) }}, "_id") as person,
        unnest(json_extract("segmentMembership", '$.*')) as memberships
    from {{ records }}
    where {{ is_json_object('"segmentMembership"') }}

),

-- Names and details have the same order, so no path has to contain a name.
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
