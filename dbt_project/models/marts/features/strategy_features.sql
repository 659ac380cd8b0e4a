with strategies as (

    select * from {{ ref("stg_ranking_strategies") }}

),

decisioning as (

    select
        strategy_id,
        unnest(['placement_id', 'activity_id', 'scope_id']) as feature_name,
        'decisioning' as feature_kind,
        'category' as value_type,
        null as path
    from strategies

),

segments as (

    select
        strategy_id,
        segment_id as feature_name,
        'segment' as feature_kind,
        'boolean' as value_type,
        null as path
    from {{ ref("int_strategy_segments") }}

),

-- If a feature is in context_features and in flat displays, context_features determines its type.
known_context as (

    select
        coalesce(configured.feature_name, flat.feature_name) as feature_name,
        coalesce(configured.value_type, flat.value_type) as value_type,
        configured.path
    from {{ ref("stg_context_features") }} as configured
    full outer join (
        select *
        from {{ ref("stg_flat__features") }}
        where feature_kind = 'context'
    ) as flat on configured.feature_name = flat.feature_name

),

computed_values as (

    select
        feature_name,
        case when bool_and(try_cast(value as double) is not null) then 'number' else 'category' end as value_type
    from {{ ref("profile_features") }}
    where
        valid_from <= {{ as_of() }}
        and value is not null
    group by 1

),

-- A computed feature whose values are all numbers is one. Under the name of another feature it would hide that one.
computed as (

    select
        case
            when known_context.feature_name is not null or computed_values.feature_name in ('placement_id', 'activity_id', 'scope_id')
                then {{ stop_with(
                    "'[config] profile_features: the context has a feature ' || computed_values.feature_name || ' already; rename the computed one'"
                ) }}
            else computed_values.feature_name
        end as feature_name,
        computed_values.value_type,
        null as path
    from computed_values
    left join known_context on computed_values.feature_name = known_context.feature_name

),

named_features as (

    select * from known_context
    union all
    select * from computed

),

context as (

    select
        strategies.strategy_id,
        named_features.feature_name,
        'context' as feature_kind,
        named_features.value_type,
        named_features.path
    from strategies
    cross join named_features
    where
        strategies.context_features is null
        or {{ in_list("strategies.context_features", "named_features.feature_name") }}

),

unioned as (

    select * from decisioning
    union all
    select * from segments
    union all
    select * from context

),

final as (

    select
        strategy_id,
        row_number() over (
            partition by strategy_id
            order by
                case feature_kind when 'decisioning' then 1 when 'segment' then 2 else 3 end,
                feature_name
        )::int as feature_order,
        feature_name,
        feature_kind,
        value_type,
        path::varchar as path
    from unioned

)

select * from final
