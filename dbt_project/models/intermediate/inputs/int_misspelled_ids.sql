{{ config(materialized="ephemeral") }}

with excluded_people as (

    select
        'eligibility_exclusions' as input_name,
        profile_id
    from {{ ref("eligibility_exclusions") }}
    where profile_id is not null
    union
    select
        'segment_memberships' as input_name,
        members.profile_id
    from {{ ref("stg_segment_memberships") }} as members
    inner join {{ ref("stg_eligibility_rules") }} as rules
        on members.segment_id = rules.segment_id and rules.rule = 'exclude'
    where members.reject_reason is null

),

seen_people as (

    select distinct profile_id from {{ ref("int_displays") }}

),

-- A member without displays is common, unless somebody else has almost the same id.
unseen_people as (

    select
        'excluded profile never seen' as finding,
        excluded_people.input_name,
        excluded_people.profile_id as id,
        min(others.profile_id) as likely_id,
        1 as weight
    from excluded_people
    left join seen_people on excluded_people.profile_id = seen_people.profile_id
    left join seen_people as others
        on {{ comparable_id("excluded_people.profile_id") }} = {{ comparable_id("others.profile_id") }}
    where
        seen_people.profile_id is null
        and exists (select 1 from seen_people)
        and (others.profile_id is not null or excluded_people.input_name = 'eligibility_exclusions')
    group by 1, 2, 3

),

named_offers as (

    {% for model in ["stg_eligibility_rules", "stg_capping_rules", "eligibility_exclusions"] %}
    select
        '{{ model.removeprefix("stg_") }}' as input_name,
        offer_id
    from {{ ref(model) }}
    {{ "union" if not loop.last }}
    {% endfor %}

),

known_offers as (

    select offer_id from {{ ref("int_offers") }}

),

-- One row has one offer, so a list is a mistake too.
parts_of_names as (

    select
        named_offers.*,
        unnest({{ split_list("named_offers.offer_id") }}) as part
    from named_offers
    left join known_offers on named_offers.offer_id = known_offers.offer_id
    where known_offers.offer_id is null and named_offers.offer_id is not null

),

-- A pattern, or a word for all offers, would restrict none.
misspelled_offers as (

    select
        case when known_offers.offer_id is null then 'rule on all offers' else 'rule on a misspelled offer' end as finding,
        parts_of_names.input_name,
        parts_of_names.offer_id as id,
        min(known_offers.offer_id) as likely_id,
        1 as weight
    from parts_of_names
    left join known_offers on {{ comparable_id("parts_of_names.part") }} = {{ comparable_id("known_offers.offer_id") }}
    where known_offers.offer_id is not null or {{ means_all("parts_of_names.part") }}
    group by 1, 2, 3

),

held_segments as (

    {{ held_segments() }}

),

-- Members of a segment that differs from an excluded one only in spelling are probably excluded too.
misspelled_segments as (

    select
        'excluded segment in another spelling' as finding,
        held_segments.input_name,
        held_segments.segment_id as id,
        min(rules.segment_id) as likely_id,
        1 as weight
    from held_segments
    inner join {{ ref("stg_eligibility_rules") }} as rules
        on {{ spelling_of("held_segments.segment_id") }} = {{ spelling_of("rules.segment_id") }}
    left join {{ ref("stg_eligibility_rules") }} as own on held_segments.segment_id = own.segment_id
    where rules.rule = 'exclude' and own.segment_id is null
    group by 1, 2, 3

),

-- A catalogue without a row is no catalogue in which every offer is approved.
empty_catalogues as (

    select
        'catalogue without an offer' as finding,
        'offers' as input_name,
        source_file as id,
        null as likely_id,
        1 as weight
    from {{ ref("stg_raw_files") }}
    where input_name = 'offers' and not exists (select 1 from {{ ref("stg_offers") }})

),

final as (

    select * from unseen_people
    union all
    select * from misspelled_offers
    union all
    select * from misspelled_segments
    union all
    select * from empty_catalogues

)

select * from final
