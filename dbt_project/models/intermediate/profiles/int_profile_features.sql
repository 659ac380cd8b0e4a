-- An empty text stands for NULL, which ends the value before it.
with known as (

    select
        profile_id,
        feature_name,
        {{ value_at_greatest("coalesce(value, '')", ["valid_from"]) }} as value
    from {{ ref("profile_features") }}
    where valid_from <= {{ as_of() }}
    group by 1, 2

),

final as (

    select
        profile_id,
        {{ map_of("list(feature_name order by feature_name)", "list(nullif(value, '') order by feature_name)") }} as features
    from known
    group by 1

)

select * from final
