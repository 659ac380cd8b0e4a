{{ config(materialized="view") }}

with versions as (

    select
        strategy_id,
        model_version,
        kpi_type,
        data_window_end
    from {{ source("scorer", "model_versions") }}
    where trained_as_of <= {{ as_of() }}

),

scored as (

    select * from {{ source("scorer", "scored_displays") }}

),

-- Displays that a version was trained on are left out.
final as (

    select
        scored.strategy_id,
        scored.model_version,
        versions.kpi_type,
        scored.display_id,
        scored.offer_id,
        floor({{ days_between("versions.data_window_end", "scored.event_ts") }} / 7)::int + 1 as week,
        scored.score,
        scored.reward,
        scored.is_success
    from scored
    inner join versions
        on scored.strategy_id = versions.strategy_id
        and scored.model_version = versions.model_version
    where
        scored.event_ts > versions.data_window_end
        and scored.event_ts <= {{ as_of() }}
        and scored.score is not null
        and scored.reward is not null

)

select * from final
