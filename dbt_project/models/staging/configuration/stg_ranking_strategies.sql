with source as (

    {{ configuration(
        "ranking_strategies",
        [
            "strategy_id", "display_name", "kpi_name", "kpi_type", "currency", "success_event_types", "value_path",
            "window_hours", "lookback_days", "min_displays", "min_successes", "pool_readiness_by",
            "exploration_share", "exploration", "control_share", "top_k", "placement_ids", "context_features",
            "objective", "guardrails",
        ],
        required=["strategy_id"],
    ) }}

),

configured as (

    select
        strategy_id,
        display_name,
        kpi_name,
        kpi_type,
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
        top_k,
        placement_ids,
        context_features,
        objective,
        guardrails,
        false as is_default
    from source

),

-- If no strategy is configured, the default strategy covers everything.
defaulted as (

    select
        'default' as strategy_id,
        null as display_name,
        '{{ var("kpi") }}' as kpi_name,
        '{{ "continuous" if var("kpi") == "value" else "binary" }}' as kpi_type,
        null as currency,
        null as success_event_types,
        null as value_path,
        null as window_hours,
        null as lookback_days,
        null as min_displays,
        null as min_successes,
        null as pool_readiness_by,
        null as exploration_share,
        null as exploration,
        null as control_share,
        null as top_k,
        null as placement_ids,
        null as context_features,
        null as objective,
        null as guardrails,
        true as is_default
    where not exists (select 1 from configured)

),

unioned as (

    select * from configured
    union all
    select * from defaulted

),

final as (

    select
        strategy_id,
        coalesce(display_name, strategy_id) as display_name,
        coalesce(kpi_name, strategy_id) as kpi_name,
        -- A net value is an amount, even if the outcome is binary.
        case when lower(objective) = 'net_value' then 'continuous' else coalesce(kpi_type, 'binary') end as kpi_type,
        coalesce(kpi_type, 'binary') as outcome_type,
        coalesce(lower(objective), 'reward') as objective,
        coalesce(currency, nullif({{ quoted(var("currency", "")) }}, '')) as currency,
        {{ text_to_list("coalesce(success_event_types, 'decisioning.propositionInteract')") }} as success_event_types,
        value_path,
        coalesce(window_hours::double, 24) as window_hours,
        window_hours is not null as is_window_told,
        coalesce(lookback_days::int, 30) as lookback_days,
        coalesce(min_displays::int, 250) as min_displays,
        coalesce(min_successes::int, 25) as min_successes,
        pool_readiness_by,
        coalesce(exploration_share::double, 0.1) as exploration_share,
        coalesce(lower(exploration), 'uniform') as exploration,
        coalesce(control_share::double, 0) as control_share,
        coalesce(top_k::int, 3) as top_k,
        {{ text_to_list("placement_ids") }} as placement_ids,
        {{ text_to_list("context_features") }} as context_features,
        {{ text_to_list("guardrails") }} as guardrails,
        is_default
    from unioned

)

select * from final
