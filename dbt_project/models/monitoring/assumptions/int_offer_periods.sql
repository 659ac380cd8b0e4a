with strategies as (

    select
        *,
        -- If outcomes take long, few displays of the last 7 days have a final one, so 4 days of final outcomes are
        -- used.
        greatest(7, window_hours / 24 + 4) as recent_days
    from {{ ref("stg_ranking_strategies") }}

),

outcomes as (

    select
        outcomes.strategy_id,
        outcomes.offer_id,
        outcomes.profile_id,
        outcomes.is_success,
        outcomes.reward,
        outcomes.event_ts > {{ add_days(as_of(), "-strategies.recent_days") }} as is_recent
    from {{ ref("int_display_outcomes") }} as outcomes
    inner join strategies on outcomes.strategy_id = strategies.strategy_id
    where
        outcomes.is_mature
        and outcomes.is_in_lookback
        and outcomes.reward is not null
        and outcomes.traffic_type = 'random'

),

offers as (

    select
        strategy_id,
        offer_id,
        count(*) filter (where is_recent) as recent_displays,
        count(*) filter (where is_recent and is_success) as recent_successes,
        {{ exact_mean("case when is_recent then reward end") }} as recent_reward,
        count(*) filter (where not is_recent) as previous_displays,
        count(*) filter (where not is_recent and is_success) as previous_successes,
        {{ exact_mean("case when not is_recent then reward end") }} as previous_reward,
        {{ exact_mean("reward") }} as mean_reward,
        {{ exact_variance("reward") }} as reward_variance,
        count(*) as displays
    from outcomes
    group by 1, 2

),

profiles as (

    select
        outcomes.strategy_id,
        outcomes.profile_id,
        {{ exact_sum("outcomes.reward - offers.mean_reward") }} as deviation,
        {{ exact_sum("pow(outcomes.reward - offers.mean_reward, 2)", 18) }} as squared_deviations
    from outcomes
    inner join offers on outcomes.strategy_id = offers.strategy_id and outcomes.offer_id = offers.offer_id
    group by outcomes.strategy_id, outcomes.offer_id, outcomes.profile_id

),

-- Design effect: displays to one person are similar, which increases the variance of a mean.
repetition as (

    select
        strategy_id,
        greatest(1, coalesce({{ exact_sum("pow(deviation, 2)", 18) }} / nullif({{ exact_sum("squared_deviations", 18) }}, 0), 1))
            as design_effect
    from profiles
    group by 1

),

final as (

    select
        strategy_offers.strategy_id,
        strategy_offers.offer_id,
        strategies.kpi_type,
        strategies.recent_days,
        coalesce(offers.recent_displays, 0) as recent_displays,
        coalesce(offers.recent_successes, 0) as recent_successes,
        offers.recent_reward,
        coalesce(offers.previous_displays, 0) as previous_displays,
        coalesce(offers.previous_successes, 0) as previous_successes,
        offers.previous_reward,
        offers.mean_reward,
        offers.reward_variance * repetition.design_effect as reward_variance,
        coalesce(
            (offers.recent_successes + offers.previous_successes)
            * least(offers.recent_displays, offers.previous_displays) / offers.displays,
            0
        ) as expected_successes
    from {{ ref("int_strategy_offers") }} as strategy_offers
    inner join strategies on strategy_offers.strategy_id = strategies.strategy_id
    left join offers
        on strategy_offers.strategy_id = offers.strategy_id
        and strategy_offers.offer_id = offers.offer_id
    left join repetition on strategy_offers.strategy_id = repetition.strategy_id

)

select * from final
