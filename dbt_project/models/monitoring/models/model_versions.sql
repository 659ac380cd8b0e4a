with final as (

    select
        strategy_id,
        model_version,
        trained_as_of,
        model_kind,
        kpi_type,
        data_window_start,
        data_window_end,
        training_rows,
        offers_included,
        offers_personalised,
        metrics,
        is_deployed
    from {{ ref("stg_scorer__model_versions") }}
    where trained_as_of <= {{ as_of() }}

)

select * from final
