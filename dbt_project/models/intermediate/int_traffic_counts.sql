{{ config(tags=["monitoring"]) }}

with samples as (

    select * from {{ ref("int_traffic_samples") }}

),

features as (

    select
        features.*,
        buckets.lower_quartile,
        buckets.median,
        buckets.upper_quartile
    from {{ ref("strategy_features") }} as features
    left join {{ ref("int_feature_buckets") }} as buckets
        on features.strategy_id = buckets.strategy_id
        and features.feature_name = buckets.feature_name

),

valued as (

    select
        samples.strategy_id,
        samples.comparison,
        samples.is_base,
        features.feature_name,
        features.feature_kind,
        features.value_type,
        {{ feature_text("samples", "features") }} as feature_text,
        features.lower_quartile,
        features.median,
        features.upper_quartile
    from samples
    inner join features on samples.strategy_id = features.strategy_id
    -- Everybody is ranked for every placement, so where people were seen says nothing of who they are.
    where not (samples.comparison = 'ranked_population' and features.feature_kind = 'decisioning')

),

counted as (

    select
        strategy_id,
        comparison,
        feature_name,
        {{ readable_feature_value() }} as feature_value,
        count(*) filter (where is_base) as base_count,
        count(*) filter (where not is_base) as new_count
    from valued
    -- What people who were never shown anything were seen with is not known: that is no difference.
    where not (comparison = 'ranked_population' and feature_kind = 'context' and feature_text is null)
    group by 1, 2, 3, 4

),

placed as (

    select
        *,
        row_number() over (
            partition by strategy_id, comparison, feature_name
            order by base_count + new_count desc, feature_value
        ) as place
    from counted

),

-- Rare values of a feature with many of them are taken together.
binned as (

    select
        strategy_id,
        comparison,
        feature_name,
        case when place <= 20 then feature_value else '(other values)' end as feature_value,
        sum(base_count)::bigint as base_count,
        sum(new_count)::bigint as new_count
    from placed
    group by 1, 2, 3, 4

),

profiles as (

    select
        strategy_id,
        comparison,
        is_base,
        profile_id,
        count(*) as displays
    from samples
    group by 1, 2, 3, 4

),

-- Kish's effective size: what one person does is no news the second time.
sizes as (

    select
        strategy_id,
        comparison,
        coalesce(pow(sum(displays) filter (where is_base), 2) / sum(pow(displays, 2)) filter (where is_base), 0)
            as base_size,
        coalesce(pow(sum(displays) filter (where not is_base), 2) / sum(pow(displays, 2)) filter (where not is_base), 0)
            as new_size
    from profiles
    group by 1, 2

),

final as (

    select
        binned.*,
        sizes.base_size,
        sizes.new_size
    from binned
    inner join sizes
        on binned.strategy_id = sizes.strategy_id
        and binned.comparison = sizes.comparison

)

select * from final
