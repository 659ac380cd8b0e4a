with versions as (

    select
        strategy_id,
        model_version
    from {{ ref("stg_scorer__model_versions") }}
    where trained_as_of <= {{ as_of() }}

),

final as (

    select
        importance.strategy_id,
        importance.model_version,
        feature_name,
        feature_kind,
        offer_id,
        measure,
        importance,
        share,
        importance_rank
    from {{ ref("stg_scorer__feature_importance") }} as importance
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
