with contrasts as (

    select
        *,
        count(*) over (partition by strategy_id, offer_id, other_offer_id) as features
    from {{ ref("int_offer_contrasts") }}
    where information > 0

),

offers as (

    select
        strategy_id,
        offer_id,
        count(*) as displays,
        count(*) filter (where is_success) as successes,
        {{ exact_mean("reward") }} as reward,
        {{ exact_variance("reward") }} as reward_variance
    from {{ ref("training_examples") }}
    where traffic_type = 'random'
    group by 1, 2

),

amounts as (

    select distinct
        strategy_id,
        is_amount
    from {{ ref("int_random_feature_outcomes") }}

),

tested as (

    {{ with_chi_squared_p("contrasts", "statistic", "degrees") }}

),

measured as (

    select
        *,
        greatest(0, statistic - degrees - {{ chi_squared_excess("degrees", "ln(features)") }}) / information as spread,
        {{ chi_squared_excess("degrees", "ln(20 * features)") }} / information as detectable_spread,
        row_number() over (
            partition by strategy_id, offer_id, other_offer_id
            order by p_value, statistic desc, feature_name
        ) as place
    from tested

),

-- Each feature is a test, so the smallest p-value is multiplied by the number of features (Bonferroni).
pairs as (

    select
        strategy_id,
        offer_id,
        other_offer_id,
        max(features) as features_compared,
        least(1, max(features) * min(p_value)) as p_value,
        max(feature_name) filter (where place = 1) as most_different_feature,
        sqrt(max(spread)) as spread,
        sqrt({{ quartile("detectable_spread", 0.5) }}) as detectable_spread
    from measured
    group by 1, 2, 3

),

stepped as (

    select
        pairs.*,
        {{ false_discovery_step("p_value", "strategy_id") }} as step
    from pairs

),

judged as (

    select
        stepped.*,
        {{ false_discovery_rate("stepped.step", "stepped.p_value", "stepped.strategy_id") }} as adjusted_p_value,
        case when amounts.is_amount then nullif(abs(one.reward + other.reward) / 2, 0) else 1 end as unit,
        one.displays,
        one.successes,
        one.reward,
        other.displays as other_displays,
        other.successes as other_successes,
        other.reward as other_reward,
        (one.reward - other.reward)
        / nullif(sqrt(one.reward_variance / one.displays + other.reward_variance / other.displays), 0) as mean_z
    from stepped
    inner join amounts on stepped.strategy_id = amounts.strategy_id
    inner join offers as one on stepped.strategy_id = one.strategy_id and stepped.offer_id = one.offer_id
    inner join offers as other
        on stepped.strategy_id = other.strategy_id
        and stepped.other_offer_id = other.offer_id

),

rated as (

    select
        *,
        case
            when adjusted_p_value < 0.05 then 'different'
            when detectable_spread / unit <= ln(2) then 'alike'
            else 'unclear'
        end as verdict,
        case when mean_z is not null then {{ two_sided_p("mean_z") }} end as mean_p_value
    from judged

),

final as (

    select
        rated.strategy_id,
        rated.offer_id,
        rated.other_offer_id,
        rated.verdict,
        case when rated.verdict = 'alike' then 'notice' else 'ok' end as severity,
        exp(-rated.spread / rated.unit) as similarity,
        exp(least(rated.detectable_spread / rated.unit, 20)) as detectable_factor,
        rated.p_value,
        rated.adjusted_p_value,
        rated.features_compared,
        rated.most_different_feature,
        rated.displays,
        rated.successes,
        rated.reward as reward_per_display,
        rated.other_displays,
        rated.other_successes,
        rated.other_reward as other_reward_per_display,
        rated.mean_p_value,
        {{ similarity_sentence() }} as sentence
    from rated
    inner join {{ ref("int_offers") }} as one on rated.offer_id = one.offer_id
    inner join {{ ref("int_offers") }} as other on rated.other_offer_id = other.offer_id

)

select * from final
