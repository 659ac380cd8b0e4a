with final as (

    select
        strategy_id,
        cycle_date,
        as_of,
        status,
        reason,
        data_window_start,
        data_window_end,
        training_rows,
        successes,
        offers_included,
        offers_ready,
        offers_personalised,
        model_version,
        deployed_model_version,
        exploration_share,
        metrics
    from {{ ref("stg_scorer__training_runs") }}
    where as_of <= {{ as_of() }}

)

select * from final
