{{ config(materialized="ephemeral") }}

-- A membership that cannot be read may be the one that an exclude rule is about.
with final as (

    select distinct
        rules.offer_id,
        memberships.profile_id,
        memberships.segment_id
    from {{ ref("stg_segment_memberships") }} as memberships
    inner join {{ ref("stg_eligibility_rules") }} as rules on memberships.segment_id = rules.segment_id
    where
        memberships.reject_reason is not null
        and memberships.profile_id is not null
        and rules.rule = 'exclude'

)

select * from final
