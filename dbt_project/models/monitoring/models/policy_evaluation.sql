with final as (

    select
        strategy_id,
        cycle_date,
        as_of,
        policy,
        model_version,
        model_kind,
        estimator,
        status,
        policy_value,
        standard_error,
        value_low,
        value_high,
        interval_method,
        displays,
        matching_displays,
        matching_responses,
        effective_sample_size,
        share_below_floor,
        displays_without_propensity,
        lift_over_random,
        lift_over_random_low,
        lift_over_random_high,
        lift_over_best_single,
        lift_over_best_single_low,
        lift_over_best_single_high,
        is_cross_fitted,
        data_window_start,
        data_window_end
    from {{ ref("stg_scorer__policy_evaluation") }}
    where as_of <= {{ as_of() }}

)

select * from final
