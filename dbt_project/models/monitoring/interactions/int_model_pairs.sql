with versions as (

    select
        strategy_id,
        model_version
    from {{ source("scorer", "model_versions") }}
    where
        is_deployed
        and trained_as_of <= {{ as_of() }}

),

known as (

    select distinct
        strategy_id,
        feature_name,
        other_feature_name
    from {{ ref("int_pair_interactions") }}

),

-- The most important pairs of the deployed model whose features have no effect on their own and would not be counted otherwise.
named as (

    select
        importance.strategy_id,
        importance.feature_name as pair_name,
        importance.importance_rank
    from {{ source("scorer", "feature_importance") }} as importance
    inner join versions
        on importance.strategy_id = versions.strategy_id
        and importance.model_version = versions.model_version
    where
        importance.feature_kind = 'pair'
        and importance.measure = 'interaction'
        and importance.offer_id is null

),

final as (

    select
        one.strategy_id,
        one.feature_name,
        other.feature_name as other_feature_name
    from {{ ref("strategy_features") }} as one
    inner join {{ ref("strategy_features") }} as other
        on one.strategy_id = other.strategy_id
        and one.feature_name < other.feature_name
    inner join named
        on one.strategy_id = named.strategy_id
        and named.pair_name in (
            one.feature_name || ' x ' || other.feature_name, other.feature_name || ' x ' || one.feature_name
        )
    anti join known
        on one.strategy_id = known.strategy_id
        and one.feature_name = known.feature_name
        and other.feature_name = known.other_feature_name
    qualify row_number() over (
        partition by one.strategy_id order by named.importance_rank, one.feature_name, other.feature_name
    ) <= {{ var("paired_features") }}

)

select * from final
