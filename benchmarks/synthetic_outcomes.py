"""What a synthetic publication holds of traffic and models, with a model and before the first."""

from __future__ import annotations

from benchmarks.synthetic_tables import STRATEGIES

_OUTCOMES = """
select
    strategy_id,
    display_date,
    placement_id,
    activity_id,
    offer_id,
    arm as traffic_type,
    shown as displays,
    if(days.i = 1, 0, shown) as mature_displays,
    if(days.i = 1, 0, greatest(1, shown * chance))::bigint as successes,
    if(days.i = 1, 0, shown * chance * worth) as reward,
    if(days.i = 1, 0, shown * chance * worth * worth) as squared_reward
from (
    select
        places.*,
        offers.offer_id,
        arm,
        if(arm = 'random', {random_part}, 0.9) * getvariable('displays_a_cell') + 1 as shown,
        rate * (1 + offers.i % 3 / 4) * if(arm = 'random', 1, 1.6) as chance,
        if(kpi_type = 'binary', 1, 40.0) as worth
    from places, offers, (select unnest({arms}) as arm)
), days
"""
_ARMS = """
with sums as (
    select
        strategy_id,
        coalesce(placement_id, 'all') as placement_id,
        window_days,
        traffic_type,
        sum(mature_displays)::bigint as displays,
        sum(successes)::bigint as successes,
        sum(reward) / sum(mature_displays) as reward_per_display
    from daily_outcomes, (select unnest([7, 30]) as window_days)
    where display_date >= getvariable('as_of')::date - window_days
    group by grouping sets (
        (strategy_id, placement_id, window_days, traffic_type),
        (strategy_id, window_days, traffic_type)
    )
)
select
    sums.*,
    successes / displays as success_rate,
    (displays / 3)::bigint as profiles,
    if(traffic_type = 'random', 'reference', 'ok') as status,
    if(traffic_type = 'random', null, 0.6) as lift,
    if(traffic_type = 'random', null, 0.4) as lift_low,
    if(traffic_type = 'random', null, 0.8) as lift_high,
    if(traffic_type = 'random', null, 0.0001) as p_value,
    if(traffic_type = 'random', null, 'At this traffic a 10 % lift shows within 30 days.')
        as power_sentence
from sums
"""
_ALLOCATION = """
select
    strategy_id,
    display_date,
    traffic_type,
    sum(displays)::bigint as displays,
    sum(displays) / sum(sum(displays)) over (partition by strategy_id, display_date) as share
from daily_outcomes
group by strategy_id, display_date, traffic_type
"""
_OFFERS = """
select
    strategy_id,
    offer_id,
    window_days,
    traffic_type,
    sum(displays)::bigint as displays,
    sum(mature_displays)::bigint as mature_displays,
    sum(successes)::bigint as successes,
    sum(successes) / sum(mature_displays) as success_rate,
    sum(reward) / sum(mature_displays) as reward_per_display
from daily_outcomes, (select unnest([7, 30]) as window_days)
where display_date >= getvariable('as_of')::date - window_days
group by strategy_id, offer_id, window_days, traffic_type
"""
_RANKED = """
select
    strategy_id,
    getvariable('as_of')::date as cycle_date,
    'p' || p as profile_id,
    activity_id,
    'scope' as scope_id,
    placement_id,
    rank::int as rank,
    offers.offer_id,
    offers.offer_id as offer_name,
    {score} as score,
    if(p % 10 = 0 or {is_cold}, 'random', 'contextual') as traffic_type,
    p % 10 = 0 or {is_cold} as is_exploration,
    if(p % 10 = 0 or {is_cold}, 'uniform', 'model') as policy,
    if(p % 10 = 0, 0.02, 0.92) as propensity,
    getvariable('offers')::int as eligible_count,
    {version} as model_version,
    getvariable('as_of') as valid_from,
    getvariable('valid_to') as valid_to
from places, range(getvariable('profiles')) as t(p), range(1, 4) as u(rank), offers
where offers.i = (p + rank) % getvariable('offers')
order by strategy_id, cycle_date, profile_id, placement_id, rank
"""
_SHOWN = {
    "arm_performance": _ARMS,
    "traffic_allocation": _ALLOCATION,
    "offer_performance": _OFFERS,
}

MODEL_TABLES = {
    "daily_outcomes": _OUTCOMES.format(arms="['random', 'contextual']", random_part="0.1"),
    **_SHOWN,
    "ranked_offers": _RANKED.format(
        score="0.1 / rank", is_cold="false", version="(select min(model_version) from weeks)"
    ),
    "offer_readiness": f"""
select
    strategy_id,
    offer_id,
    if(i = 1, 100, 5000) as displays,
    if(i = 1, 10, 300) as successes,
    250 as min_displays,
    25 as min_successes,
    i <> 1 as is_ready
from {STRATEGIES}, offers
""",
    "training_runs": f"""
select
    strategy_id,
    as_of::date as cycle_date,
    as_of,
    'succeeded' as status,
    as_of - interval 30 day as data_window_start,
    as_of - interval 1 day as data_window_end,
    10000 as training_rows,
    700 as successes,
    getvariable('offers')::int as offers_included,
    (getvariable('offers') - 1)::int as offers_ready,
    (getvariable('offers') - 1)::int as offers_personalised,
    model_version,
    model_version as deployed_model_version,
    0.1 as exploration_share
from {STRATEGIES}, weeks
""",
    "model_versions": f"""
select
    strategy_id,
    model_version,
    as_of as trained_as_of,
    'residual_trees' as model_kind,
    kpi_type,
    as_of - interval 30 day as data_window_start,
    as_of - interval 1 day as data_window_end,
    10000 as training_rows,
    getvariable('offers')::int as offers_included,
    (getvariable('offers') - 1)::int as offers_personalised,
    '{{"gini": 0.25}}' as metrics,
    i = 0 as is_deployed
from {STRATEGIES}, weeks
""",
    "policy_evaluation": f"""
select
    strategy_id,
    as_of::date as cycle_date,
    as_of,
    policy,
    if(policy in ('new', 'deployed'), model_version, null) as model_version,
    if(policy in ('new', 'deployed'), 'residual_trees', null) as model_kind,
    estimator,
    if(estimator = 'ips' and policy = 'deployed', 'insufficient', 'ok') as status,
    if(estimator = 'ips' and policy = 'deployed', null, value) as policy_value,
    0.01 as standard_error,
    if(estimator = 'ips' and policy = 'deployed', null, value * 0.9) as value_low,
    if(estimator = 'ips' and policy = 'deployed', null, value * 1.1) as value_high,
    'skew_corrected_t' as interval_method,
    10000 as displays,
    2000 as matching_displays,
    150 as matching_responses,
    1800.0 as effective_sample_size,
    0.0 as share_below_floor,
    0 as displays_without_propensity,
    value / 0.05 - 1 as lift_over_random,
    value / 0.05 - 1.1 as lift_over_random_low,
    value / 0.05 - 0.9 as lift_over_random_high,
    value / 0.07 - 1 as lift_over_best_single,
    value / 0.07 - 1.1 as lift_over_best_single_low,
    value / 0.07 - 0.9 as lift_over_best_single_high,
    true as is_cross_fitted,
    as_of - interval 30 day as data_window_start,
    as_of - interval 1 day as data_window_end
from {STRATEGIES}, weeks,
    (select unnest(['random', 'best_single', 'deployed', 'new']) as policy,
        unnest([0.05, 0.07, 0.1, 0.11]) as value),
    (select unnest(['dm', 'dr', 'dr_shrunk', 'ips', 'snips']) as estimator)
""",
    "model_performance": f"""
select
    strategy_id,
    model_version,
    5000 as displays,
    400 as successes,
    'ok' as status,
    0.08 as mean_score,
    0.079 as mean_reward,
    0.99 as calibration_ratio,
    0.2 as log_loss,
    0.25 as baseline_log_loss,
    0.24 as gini
from {STRATEGIES}, weeks
where i > 0
""",
    "model_performance_weekly": f"""
select
    strategy_id,
    model_version,
    week::int as week,
    900 as displays,
    80 as successes,
    'ok' as status,
    0.08 as mean_score,
    0.079 as mean_reward,
    0.99 as calibration_ratio,
    0.24 - week / 100 as gini
from {STRATEGIES}, weeks, range(1, 5) as t(week)
where i >= week
""",
    "model_calibration": f"""
select
    strategy_id,
    model_version,
    decile::int as decile,
    500 as displays,
    40 as successes,
    0.015 * decile as lowest_score,
    0.025 * decile as highest_score,
    0.02 * decile as mean_score,
    0.019 * decile as mean_reward,
    0.016 * decile as mean_reward_low,
    0.022 * decile as mean_reward_high
from {STRATEGIES}, weeks, range(1, 11) as t(decile)
where i > 0
""",
    "feature_importance": f"""
select
    strategy_id,
    model_version,
    case when f = 0 then 'placement_id' when f = 3 then 'f1 x f2' else 'f' || f end as feature_name,
    case when f = 0 then 'decisioning' when f = 3 then 'pair' when f = 2 then 'segment'
        else 'context' end as feature_kind,
    offer_id,
    measure,
    1 / (1 + f) as importance,
    0.5 / (1 + f) as share,
    (f + 1)::int as importance_rank
from {STRATEGIES}, weeks,
    (select offer_id from offers union all select null),
    (select unnest(['gain', 'contribution', 'interaction']) as measure),
    range(least(getvariable('features'), 10)) as t(f)
where measure <> 'gain' or offer_id is null
""",
}

COLD_START = {
    "daily_outcomes": _OUTCOMES.format(arms="['random']", random_part="0.02"),
    **_SHOWN,
    "ranked_offers": _RANKED.format(score="null::double", is_cold="true", version="null::varchar"),
    "offer_readiness": f"""
select
    strategy_id,
    offer_id,
    40 + 10 * i as displays,
    3 as successes,
    250 as min_displays,
    25 as min_successes,
    false as is_ready
from {STRATEGIES}, offers
""",
    "training_runs": f"""
select
    strategy_id,
    as_of::date as cycle_date,
    as_of,
    'collecting' as status,
    '0 of 5 offers ready, 2 needed' as reason,
    300 as training_rows,
    15 as successes,
    getvariable('offers')::int as offers_included,
    0 as offers_ready,
    0 as offers_personalised,
    1.0 as exploration_share
from {STRATEGIES}, weeks
where i = 0
""",
}
