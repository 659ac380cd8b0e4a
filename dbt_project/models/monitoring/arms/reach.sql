{%- set most = 10 %}

with outcomes as (

    select
        strategy_id,
        display_id,
        profile_id,
        source,
        is_success
    from {{ ref("int_display_outcomes") }}
    where event_ts > {{ add_days(as_of(), "-" ~ performance_days()) }}

),

clicked as (

    select display_id from {{ ref("int_attributed_interactions") }}
    where interaction_kind = 'interact' and event_ts <= {{ as_of() }} and display_id is not null
    union
    select display_id from {{ ref("int_displays") }} where source = 'flat' and is_clicked

),

people as (

    select
        outcomes.strategy_id,
        outcomes.profile_id,
        count(*) as displays,
        max(case when clicked.display_id is not null then 1 else 0 end) as is_clicking,
        max(case when outcomes.is_success then 1 else 0 end) as is_succeeding
    from outcomes
    left join clicked on outcomes.display_id = clicked.display_id
    group by 1, 2

),

-- People who are ranked and saw nothing count with 0 displays.
ranked as (

    select distinct
        strategy_id,
        profile_id
    from {{ ref("ranking_candidates") }}

),

everybody as (

    select
        coalesce(people.strategy_id, ranked.strategy_id) as strategy_id,
        coalesce(people.displays, 0) as displays,
        coalesce(people.is_clicking, 0) as is_clicking,
        coalesce(people.is_succeeding, 0) as is_succeeding
    from people
    full outer join ranked on people.strategy_id = ranked.strategy_id and people.profile_id = ranked.profile_id

),

final as (

    select
        strategy_id,
        least(displays, {{ most }})::integer as frequency,
        count(*) as people,
        sum(displays)::bigint as displays,
        sum(is_clicking)::bigint as people_who_clicked,
        sum(is_succeeding)::bigint as people_with_success
    from everybody
    group by 1, 2

)

select * from final
