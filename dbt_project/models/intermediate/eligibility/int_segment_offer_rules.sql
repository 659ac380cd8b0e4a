with rules as (

    select * from {{ ref("stg_eligibility_rules") }}

),

-- All lists of rule segments that profiles have now or had at a display, and the empty list.
segment_groups as (

    select segments from {{ ref("int_profile_rule_segments") }}
    union
    select segments from {{ ref("int_display_choice_groups") }}
    union
    select {{ empty_list() }} as segments

),

includes as (

    select
        offer_id,
        {{ sorted_list("segment_id") }} as segments
    from rules
    where rule = 'include'
    group by 1

),

judged as (

    select
        segment_groups.segments,
        rules.offer_id,
        min(case when rules.rule = 'exclude' then rules.segment_id end) filter (
            where {{ in_list("segment_groups.segments", "rules.segment_id") }}
        ) as excluding_segment,
        coalesce(
            bool_or({{ in_list("segment_groups.segments", "rules.segment_id") }}) filter (where rules.rule = 'include'),
            true
        ) as is_included
    from segment_groups
    cross join rules
    group by 1, 2

),

-- An offer with include rules needs one of their segments, and none of its exclude rules.
final as (

    select
        judged.segments,
        judged.offer_id,
        case
            when judged.excluding_segment is not null
                then 'an exclude rule names segment ' || judged.excluding_segment || ', which the person is in'
            else
                'it is only for segment ' || array_to_string(includes.segments, ' or ')
                || ', which the person is not in'
        end as reason
    from judged
    left join includes on judged.offer_id = includes.offer_id
    where
        judged.excluding_segment is not null
        or not judged.is_included

)

select * from final
