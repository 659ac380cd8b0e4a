with versions as (

    select
        strategy_id,
        model_version,
        trained_as_of
    from {{ source("scorer", "model_versions") }}

),

strategies as (

    select
        strategy_id,
        greatest(7, window_hours / 24 + 4) as recent_days
    from {{ ref("stg_ranking_strategies") }}

),

scored as (

    select
        scored.*,
        row_number() over (
            partition by scored.strategy_id, scored.display_id
            order by versions.trained_as_of desc, scored.model_version
        ) as place
    from {{ source("scorer", "scored_displays") }} as scored
    inner join versions
        on scored.strategy_id = versions.strategy_id and scored.model_version = versions.model_version

),

-- Reward of personalised displays, and the score by the newest model that was not trained on them.
displays as (

    select
        outcomes.strategy_id,
        outcomes.offer_id,
        outcomes.reward,
        scored.score
    from {{ ref("int_display_outcomes") }} as outcomes
    inner join strategies on outcomes.strategy_id = strategies.strategy_id
    inner join scored
        on outcomes.strategy_id = scored.strategy_id
        and outcomes.display_id = scored.display_id
        and scored.place = 1
    where
        outcomes.is_mature
        and outcomes.reward is not null
        and outcomes.traffic_type = 'contextual'
        and outcomes.event_ts > {{ add_days(as_of(), "-strategies.recent_days") }}

),

offers as (

    select
        strategy_id,
        offer_id,
        count(*) as displays,
        {{ exact_sum("reward") }} as reward,
        {{ exact_sum("score") }} as expected
    from displays
    group by 1, 2

),

spreads as (

    select
        strategy_id,
        {{ exact_variance("reward") }} / nullif({{ exact_mean("reward") }}, 0) as dispersion
    from displays
    group by 1

),

-- The reward per unit of score of the median offer is common to all offers, such as a season or scores that are too
-- high.
common as (

    select
        strategy_id,
        case when count(*) >= 3 then {{ quartile("reward / nullif(expected, 0)", 0.5) }} else 1 end as ratio
    from offers
    group by 1

),

scaled as (

    select
        offers.strategy_id,
        offers.offer_id,
        offers.displays,
        offers.reward / offers.displays as reward,
        offers.expected / offers.displays * coalesce(nullif(common.ratio, 0), 1) as expected_reward,
        spreads.dispersion
    from offers
    inner join spreads on offers.strategy_id = spreads.strategy_id
    inner join common on offers.strategy_id = common.strategy_id

),

tested as (

    select
        *,
        2 * (sqrt(reward + 0.375 * dispersion / displays) - sqrt(expected_reward + 0.375 * dispersion / displays))
        / sqrt(dispersion / displays) as z
    from scaled
    where
        reward >= 0
        and dispersion > 0
        and displays * expected_reward / dispersion >= 5

),

final as (

    select
        strategy_id,
        offer_id,
        displays,
        reward,
        expected_reward,
        reward / expected_reward as ratio,
        {{ two_sided_p("z") }} as p_value
    from tested

)

select * from final
