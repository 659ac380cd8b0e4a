with displays as (

    select
        display_id,
        profile_id,
        event_ts
    from {{ ref("int_displays") }}
    where event_ts <= {{ as_of() }}

),

-- Values known strictly before the display: a click at the same moment counts as the display's success, so a feature
-- made from clicks would see its own label. An empty text stands for NULL, which ends the value before it.
known as (

    select
        displays.display_id,
        features.feature_name,
        {{ value_at_greatest("coalesce(features.value, '')", ["features.valid_from"]) }} as value
    from displays
    inner join {{ ref("profile_features") }} as features
        on displays.profile_id = features.profile_id
        and features.valid_from < displays.event_ts
    group by 1, 2

),

final as (

    select
        display_id,
        {{ map_of("list(feature_name order by feature_name)", "list(nullif(value, '') order by feature_name)") }} as features
    from known
    group by 1

)

select * from final
