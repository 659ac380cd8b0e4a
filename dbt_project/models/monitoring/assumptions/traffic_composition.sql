with counts as (

    select * from {{ ref("int_traffic_counts") }}

),

-- A number outside the range of the training examples has no quarter.
final as (

    select
        strategy_id,
        comparison,
        feature_name,
        coalesce(feature_value, '(a number)') as feature_value,
        base_count,
        new_count,
        base_count / nullif(sum(base_count) over (partition by strategy_id, comparison, feature_name), 0) as base_share,
        new_count / nullif(sum(new_count) over (partition by strategy_id, comparison, feature_name), 0) as new_share
    from counts

)

select * from final
