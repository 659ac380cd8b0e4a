{%- set figures = [
    "model_version", "model_kind", "estimator", "status", "policy_value", "standard_error", "value_low", "value_high",
    "interval_method", "displays", "matching_displays", "matching_responses", "effective_sample_size",
    "share_below_floor", "displays_without_propensity", "lift_over_random", "lift_over_random_low",
    "lift_over_random_high", "lift_over_best_single", "lift_over_best_single_low", "lift_over_best_single_high",
    "is_cross_fitted", "data_window_start", "data_window_end",
] %}

with evaluations as (

    select * from {{ source("scorer", "policy_evaluation") }} where as_of <= {{ as_of() }}

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

final as (

    select
        strategy_id,
        cycle_date,
        as_of,
        -- Earlier versions of nextoffer called the previous model deployed.
        case policy when 'deployed' then 'previous' else policy end as policy,
        {{ figures | join(",\n        ") }}
    from evaluations
    union all
    select
        strategy_id,
        cycle_date,
        as_of,
        'deployed' as policy,
        {{ figures | join(",\n        ") }}
    from served
    where place = 1

)

select * from final
