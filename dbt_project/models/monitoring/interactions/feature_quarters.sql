with quartiles as (

    select * from {{ ref("int_feature_buckets") }}

),

-- Each quarter has its greatest number as upper bound; the last one has none.
bounds as (

    select
        strategy_id,
        feature_name,
        lower_quartile,
        median,
        upper_quartile,
        unnest([lower_quartile, median, upper_quartile, null]) as up_to
    from quartiles
    where lower_quartile is not null

),

valued as (

    select distinct
        strategy_id,
        feature_name,
        lower_quartile,
        median,
        upper_quartile,
        up_to,
        'number' as value_type,
        coalesce(up_to, 'inf'::double)::varchar as feature_text
    from bounds

),

final as (

    select
        strategy_id,
        feature_name,
        {{ readable_feature_value() }} as feature_value,
        lag(up_to) over (partition by strategy_id, feature_name order by up_to nulls last) as above,
        up_to
    from valued

)

select * from final
