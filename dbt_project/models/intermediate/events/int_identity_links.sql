{%- set most_links, most_people, rounds = 20, 50, 3 %}

-- Two ids belong to one person from the first event that carries both.
with carried as (

    select
        profile_id,
        event_ts,
        unnest(other_profile_ids) as other_profile_id
    from {{ ref("stg_xdm__events") }}
    where
        reject_reason is null
        and other_profile_ids is not null

),

both_ways as (

    select profile_id, other_profile_id, event_ts from carried
    union all
    select other_profile_id, profile_id, event_ts from carried

),

links as (

    select
        profile_id,
        other_profile_id,
        min(event_ts) as known_from
    from both_ways
    group by 1, 2

),

-- An id that many people share, such as that of a kiosk, links only the ids that it met first.
numbered as (

    select
        *,
        row_number() over (partition by profile_id order by known_from, other_profile_id) as link_number
    from links

),

joined_0 as (

    select
        numbered.profile_id,
        numbered.other_profile_id,
        numbered.known_from
    from numbered
    inner join numbered as back
        on numbered.profile_id = back.other_profile_id
        and numbered.other_profile_id = back.profile_id
    where
        numbered.link_number <= {{ most_links }}
        and back.link_number <= {{ most_links }}

),

-- Chains: each round doubles the length of a chain, which is known from its last link on.
{% for round in range(1, rounds + 1) %}
chains_{{ round }} as (

    select * from joined_{{ round - 1 }}
    union all
    select
        one.profile_id,
        other.other_profile_id,
        greatest(one.known_from, other.known_from) as known_from
    from joined_{{ round - 1 }} as one
    inner join joined_{{ round - 1 }} as other on one.other_profile_id = other.profile_id
    where one.profile_id <> other.other_profile_id

),

joined_{{ round }} as (

    select
        profile_id,
        other_profile_id,
        min(known_from) as known_from
    from chains_{{ round }}
    group by 1, 2
    qualify row_number() over (partition by profile_id order by min(known_from), other_profile_id) <= {{ most_people }}

),

{% endfor %}
final as (

    select * from joined_{{ rounds }}

)

select * from final
