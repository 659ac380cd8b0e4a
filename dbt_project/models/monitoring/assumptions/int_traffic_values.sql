{{ config(materialized="view") }}

with samples as (

    select * from {{ ref("int_traffic_samples") }}

),

features as (

    select * from {{ ref("int_feature_buckets") }}

),

-- Many rows share context, segments or placement. Each combination is processed once, weighted by its count.
alike as (

    select
        strategy_id, comparison, is_base,
        'context' as feature_kind,
        context,
        null::varchar[] as segments,
        null as placement_id,
        null as activity_id,
        null as scope_id,
        count(*) as rows_alike
    from samples
    group by strategy_id, comparison, is_base, context
    union all
    select
        strategy_id, comparison, is_base,
        'segment' as feature_kind,
        null as context,
        segments,
        null as placement_id,
        null as activity_id,
        null as scope_id,
        count(*) as rows_alike
    from samples
    group by strategy_id, comparison, is_base, segments
    union all
    select
        strategy_id, comparison, is_base,
        'decisioning' as feature_kind,
        null as context,
        null as segments,
        placement_id, activity_id, scope_id,
        count(*) as rows_alike
    from samples
    -- Everybody is ranked for every placement, so the placement of a row does not describe the person.
    where comparison <> 'ranked_population'
    group by strategy_id, comparison, is_base, placement_id, activity_id, scope_id

),

valued as (

    select
        alike.*,
        features.feature_name,
        features.value_type,
        {{ feature_text("alike", "features") }} as feature_text,
        features.lower_quartile,
        features.median,
        features.upper_quartile
    from alike
    inner join features
        on alike.strategy_id = features.strategy_id
        and alike.feature_kind = features.feature_kind

),

final as (

    select
        strategy_id,
        comparison,
        is_base,
        -- 'all' names the mean over the features, so a feature of that name is renamed.
        case when feature_name = 'all' then 'all (feature)' else feature_name end as feature_name,
        {{ readable_feature_value() }} as feature_value,
        rows_alike
    from valued
    -- Profiles without displays have no context, which is not a difference in traffic.
    where not (comparison = 'ranked_population' and feature_kind = 'context' and feature_text is null)

)

select * from final
