with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

chosen as (

    select * from {{ ref("stg_strategy_segments") }}

),

memberships as (

    select
        segment_id,
        count(distinct profile_id) as profiles
    from {{ ref("stg_segment_memberships") }}
    where
        reject_reason is null
        and coalesce(qualified_at, {{ as_of() }}) <= {{ as_of() }}
    group by 1

),

flat as (

    select feature_name as segment_id
    from {{ ref("stg_flat__features") }}
    where feature_kind = 'segment'

),

-- A strategy that names no segments uses all of them, or the 50 largest.
seen as (

    select
        coalesce(flat.segment_id, memberships.segment_id) as segment_id,
        row_number() over (
            order by flat.segment_id is null, memberships.profiles desc, coalesce(flat.segment_id, memberships.segment_id)
        ) as place
    from flat
    full outer join memberships on flat.segment_id = memberships.segment_id

),

final as (

    select
        strategies.strategy_id,
        chosen.segment_id
    from strategies
    inner join chosen on strategies.strategy_id = chosen.strategy_id
    union all
    select
        strategies.strategy_id,
        seen.segment_id
    from strategies
    inner join seen on seen.place <= 50
    where strategies.strategy_id not in (select strategy_id from chosen)

)

select * from final
