with evaluations as (

    -- Earlier versions of nextoffer called the previous model deployed.
    select * replace (case policy when 'deployed' then 'previous' else policy end as policy)
    from {{ source("scorer", "policy_evaluation") }}
    where as_of <= {{ as_of() }}

),

runs as (

    select
        strategy_id,
        as_of,
        deployed_model_version
    from {{ source("scorer", "training_runs") }}

),

-- The deployed model is one of those evaluated. A person may have promoted any of them.
served as (

    select
        evaluations.*,
        row_number() over (
            partition by evaluations.strategy_id, evaluations.as_of, evaluations.estimator
            order by case evaluations.policy when 'new' then 1 when 'best_single' then 2 when 'previous' then 3 else 4 end
        ) as place
    from evaluations
    inner join runs
        on evaluations.strategy_id = runs.strategy_id
        and evaluations.as_of = runs.as_of
        and evaluations.model_version = runs.deployed_model_version

),

labelled as (

    select
        evaluations.*,
        1 as place
    from evaluations
    union all
    select served.* replace ('deployed' as policy) from served

),

final as (

    select
        {{ contract_columns("labelled") }}
    from labelled
    where place = 1

)

select * from final
