with samples as (

    select * from {{ ref("int_traffic_samples") }}

),

counted as (

    select
        strategy_id,
        comparison,
        feature_name,
        feature_value,
        coalesce(sum(rows_alike) filter (where is_base), 0) as base_count,
        coalesce(sum(rows_alike) filter (where not is_base), 0) as new_count
    from {{ ref("int_traffic_values") }}
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

-- Rare values of a feature with many values are combined.
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

-- Kish's effective size: repeated displays of one person add little information.
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
