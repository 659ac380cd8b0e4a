with rule_segments as (

    select distinct segment_id from {{ ref("stg_eligibility_rules") }}

),

profile_segments as (

    select
        profile_id,
        unnest(segments) as segment_id
    from {{ ref("int_profile_segments") }}

),

-- Only the segments that eligibility rules name: profiles with the same ones share an eligibility set.
final as (

    select
        profile_segments.profile_id,
        {{ sorted_list("profile_segments.segment_id") }} as segments
    from profile_segments
    inner join rule_segments on profile_segments.segment_id = rule_segments.segment_id
    group by 1

)

select * from final
