with runs as (

    select
        strategy_id,
        cycle_date,
        deployed_model_version as model_version,
        lag(deployed_model_version) over (partition by strategy_id order by as_of) as previous_version
    from {{ source("scorer", "training_runs") }}
    where as_of <= {{ as_of() }}

),

models as (

    select
        strategy_id,
        cycle_date as event_date,
        case
            when previous_version is null then 'first_model'
            when model_version is null then 'model_gone'
            else 'model_replaced'
        end as event_type,
        coalesce(model_version, previous_version) as subject
    from runs
    where model_version is distinct from previous_version

),

displays as (

    select
        offer_id,
        placement_id,
        min(event_ts)::date as first_date
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}
    group by 1, 2

),

firsts as (

    select
        offers.strategy_id,
        offers.offer_id,
        min(displays.first_date) as first_date,
        min(min(displays.first_date)) over (partition by offers.strategy_id) as first_of_all
    from {{ ref("int_strategy_offers") }} as offers
    inner join {{ ref("stg_ranking_strategies") }} as strategies on offers.strategy_id = strategies.strategy_id
    inner join displays on offers.offer_id = displays.offer_id
    where
        strategies.placement_ids is null
        or {{ in_list("strategies.placement_ids", "displays.placement_id") }}
    group by 1, 2

),

-- An offer that is rarely shown may be missing in the first week although it was not launched later.
launches as (

    select
        strategy_id,
        first_date as event_date,
        'offer_launched' as event_type,
        offer_id as subject
    from firsts
    where {{ days_between("first_of_all", "first_date") }} > 7

),

ends as (

    select
        firsts.strategy_id,
        offers.end_date::date as event_date,
        'offer_ended' as event_type,
        firsts.offer_id as subject
    from firsts
    inner join {{ ref("dim_offers") }} as offers on firsts.offer_id = offers.offer_id
    where offers.end_date <= {{ as_of() }}

),

final as (

    select * from models
    union all
    select * from launches
    union all
    select * from ends

)

select * from final
