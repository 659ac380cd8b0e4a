{%- set enough = enough_successes() %}
{%- set weight = "case when features.reward is not null then coalesce(informed.weight, 1.0) end" %}

with informed as (

    {{ informed_weights(ref("training_examples")) }}

),

sums as (

    select
        features.strategy_id,
        features.feature_name,
        features.feature_value,
        features.traffic_type,
        count(*) as displays,
        count(*) filter (where features.is_success) as successes,
        {{ exact_sum(weight) }} as weight,
        {{ exact_sum("pow(" ~ weight ~ ", 2)") }} as squared_weight,
        {{ exact_sum(weight ~ " * features.reward") }} as reward,
        {{ exact_sum(weight ~ " * pow(features.reward, 2)", 18) }} as squared_reward
    from {{ ref("int_example_features") }} as features
    left join informed
        on features.strategy_id = informed.strategy_id
        and features.display_id = informed.display_id
    where features.traffic_type in ('random', 'contextual')
    group by 1, 2, 3, 4

),

arms as (

    select
        *,
        reward / nullif(weight, 0) as reward_per_display,
        {{ weighted_variance("weight", "squared_weight", "reward", "squared_reward") }}
        / {{ effective_displays("weight", "squared_weight") }} as squared_error
    from sums

),

compared as (

    select
        personalised.strategy_id,
        personalised.feature_name,
        personalised.feature_value,
        personalised.displays,
        personalised.successes,
        personalised.reward_per_display,
        coalesce(random.displays, 0) as random_displays,
        coalesce(random.successes, 0) as random_successes,
        random.reward_per_display as random_reward_per_display,
        personalised.squared_error,
        random.squared_error as random_squared_error,
        personalised.successes >= {{ enough }} and coalesce(random.successes, 0) >= {{ enough }} as is_enough
    from arms as personalised
    left join arms as random
        on personalised.strategy_id = random.strategy_id
        and personalised.feature_name = random.feature_name
        and personalised.feature_value = random.feature_value
        and random.traffic_type = 'random'
    where personalised.traffic_type = 'contextual'

),

-- A feature with a single value does not divide the strategy.
tested as (

    select
        *,
        case
            when is_enough and reward_per_display > 0 and random_reward_per_display > 0
                then reward_per_display / random_reward_per_display
        end as ratio,
        1.96 * sqrt(
            squared_error / nullif(pow(reward_per_display, 2), 0)
            + random_squared_error / nullif(pow(random_reward_per_display, 2), 0)
        ) as half_width,
        case
            when is_enough
                then (reward_per_display - random_reward_per_display) / nullif(sqrt(squared_error + random_squared_error), 0)
        end as z
    from compared
    qualify count(*) over (partition by strategy_id, feature_name) > 1

),

measured as (

    select
        *,
        case when z is not null then {{ two_sided_p("z") }} end as p_value
    from tested

),

stepped as (

    select
        *,
        {{ false_discovery_step("p_value", "strategy_id") }} as step
    from measured

),

adjusted as (

    select
        *,
        {{ false_discovery_rate("step", "p_value", "strategy_id") }} as adjusted_p_value
    from stepped

),

final as (

    select
        strategy_id,
        feature_name,
        feature_value,
        displays,
        successes,
        reward_per_display,
        random_displays,
        random_successes,
        random_reward_per_display,
        ratio - 1 as lift,
        ratio * exp(-half_width) - 1 as lift_low,
        ratio * exp(half_width) - 1 as lift_high,
        p_value,
        adjusted_p_value,
        case
            when not is_enough then 'too few'
            when adjusted_p_value < 0.05 and z > 0 then 'better'
            when adjusted_p_value < 0.05 then 'worse'
            else 'not proven'
        end as verdict
    from adjusted

)

select * from final
