with final as (

    select
        strategy_id,
        display_name,
        kpi_name,
        kpi_type,
        outcome_type,
        objective,
        currency,
        success_event_types,
        value_path,
        window_hours,
        lookback_days,
        min_displays,
        min_successes,
        pool_readiness_by,
        exploration_share,
        exploration,
        control_share,
        guardrails,
        top_k,
        placement_ids,
        is_default
    from {{ ref("stg_ranking_strategies") }}

)

select * from final
