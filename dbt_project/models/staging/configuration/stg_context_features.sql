with source as (

    {{ configuration("context_features", ["feature_name", "path", "value_type"], required=["feature_name", "path"]) }}

),

final as (

    select
        feature_name,
        path,
        coalesce(value_type, 'category') as value_type
    from source

)

select * from final
