with final as (

    select
        strategy_id,
        model_version,
        week,
        displays,
        successes,
        status,
        mean_score,
        mean_reward,
        calibration_ratio,
        log_loss,
        baseline_log_loss,
        gini
    from {{ ref("int_model_measures") }}
    where week > 0

)

select * from final
