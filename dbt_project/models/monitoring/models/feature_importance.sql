with versions as (

    select
        strategy_id,
        model_version
    from {{ source("scorer", "model_versions") }}
    where trained_as_of <= {{ as_of() }}

),

final as (

    select
        {{ contract_columns("importance") }}
    from {{ source("scorer", "feature_importance") }} as importance
    where
        exists (
            select 1
            from versions
            where
                versions.strategy_id = importance.strategy_id
                and versions.model_version = importance.model_version
        )

)

select * from final
