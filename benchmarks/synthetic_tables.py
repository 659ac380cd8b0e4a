"""What a synthetic publication holds: a select for each published table.

They read the temporary tables offers, places, days and weeks, and variables of the session.
"""

from __future__ import annotations

_STRATEGIES = "(select distinct strategy_id, kpi_type from places)"

TABLES = {
    "dim_ranking_strategies": f"""
select
    strategy_id,
    if(kpi_type = 'binary', 'clicks', 'revenue') as kpi_name,
    kpi_type,
    ['commerce.purchases'] as success_event_types,
    24.0 as window_hours,
    30 as lookback_days,
    250 as min_displays,
    25 as min_successes,
    0.1 as exploration_share,
    3 as top_k,
    null::varchar[] as placement_ids,
    false as is_default
from {_STRATEGIES}
""",
    "dim_offers": """
select
    offer_id,
    offer_id as offer_name,
    'approved' as status,
    0 as priority,
    false as is_fallback,
    true as is_listed
from offers
""",
    "strategy_features": f"""
select
    strategy_id,
    (i + 1)::int as feature_order,
    if(i = 0, 'placement_id', 'f' || i) as feature_name,
    case when i = 0 then 'decisioning' when i % 2 = 0 then 'segment' else 'context' end
        as feature_kind,
    case when i = 0 then 'category' when i % 2 = 0 then 'boolean' else 'number' end as value_type
from {_STRATEGIES}, range(getvariable('features')) as t(i)
""",
    "rejected_events": """
select
    i as rejection_id,
    'experience_events' as input_name,
    'experience_events/' || i % 7 || '.ndjson' as source_file,
    i as line_number,
    ['no event id', 'not a JSON object', 'item without id'][1 + i % 3] as reason,
    '{"a": "<b>' || i || '</b>"}' as raw_text
from range(getvariable('rejected')) as t(i)
""",
    "ranking_candidates": """
select
    strategy_id,
    'p' || p as profile_id,
    placement_id,
    activity_id,
    'scope' as scope_id,
    ['f2'] as segments,
    map {'f1': (p % 100)::varchar, 'f3': 'x'} as context,
    'set' as eligibility_set_id
from places, range(getvariable('profiles')) as t(p)
order by strategy_id, profile_id, placement_id
""",
    "feature_quarters": f"""
select
    strategy_id,
    'f1' as feature_name,
    unnest(['up to 25.0', '25.0 to 50.0', '50.0 to 75.0', 'over 75.0']) as feature_value,
    unnest([null, 25.0, 50.0, 75.0]) as above,
    unnest([25.0, 50.0, 75.0, null]) as up_to
from {_STRATEGIES}
""",
    "data_quality": f"""
select
    strategy_id,
    measure,
    display_date as event_date,
    100 as records,
    if(measure = 'outcome_is_final' and i = 1, 20, 99) as records_in_order
from {_STRATEGIES}, days, (
    select unnest([
        'outcome_is_final', 'propensity_is_known', 'interaction_has_display',
        'conversion_has_display'
    ]) as measure
)
""",
    "offer_feature_interactions": f"""
with cells as (
    select
        strategy_id,
        kpi_type,
        offer_id,
        a,
        b,
        v,
        w,
        hash(strategy_id, offer_id, a, b, v, w) % 1000 / 1000 as chance
    from {_STRATEGIES}, offers,
        range(getvariable('features')) as t(a),
        range(-1, getvariable('features')) as u(b),
        range(getvariable('feature_values')) as x(v),
        range(getvariable('feature_values')) as y(w)
    where (b = -1 and w = 0) or b > a
)
select
    strategy_id,
    offer_id,
    if(a = 0, 'placement_id', 'f' || a) as feature_name,
    'v' || v as feature_value,
    if(b = -1, null, 'f' || b) as other_feature_name,
    if(b = -1, null, 'v' || w) as other_feature_value,
    (50 + 500 * chance)::bigint as displays,
    (5 + 30 * chance)::bigint as successes,
    if(kpi_type = 'binary', 0.02 + 0.1 * chance, 1 + 5 * chance) as rate,
    if(kpi_type = 'binary', 0.04 + 0.05 * chance, 2 + 2 * chance) as shrunken_rate,
    chance - 0.5 as lift
from cells
""",
    "offer_similarity": f"""
select
    strategy_id,
    a.offer_id,
    b.offer_id as other_offer_id,
    ['different', 'alike', 'unclear'][1 + (a.i + b.i) % 3] as verdict,
    if((a.i + b.i) % 3 = 1, 'notice', 'ok') as severity,
    0.5 as similarity,
    3.0 as detectable_factor,
    0.01 as p_value,
    0.02 as adjusted_p_value,
    4 as features_compared,
    'f1' as most_different_feature,
    500 as displays,
    40 as successes,
    0.08 as reward_per_display,
    400 as other_displays,
    20 as other_successes,
    0.05 as other_reward_per_display,
    a.offer_id || ' and ' || b.offer_id || ' were compared.' as sentence
from {_STRATEGIES}, offers as a, offers as b
where a.offer_id < b.offer_id and a.i < 100 and b.i < 100
""",
    "traffic_composition_drift": f"""
select
    strategy_id,
    comparison,
    if(f = 0, 'all', 'f' || f) as feature_name,
    'ok' as status,
    if(f = 2, 'warning', 'ok') as severity,
    1000 as base_displays,
    500 as new_displays,
    1000.0 as base_effective_size,
    500.0 as new_effective_size,
    4 as feature_values,
    0.1 * f as psi,
    0.01 as expected_psi,
    0.05 as psi_beyond_chance,
    0.04 as psi_low,
    'a (10 % to 20 %)' as top_values,
    false as retrain_recommended,
    'The traffic changed.' as sentence,
    'Look.' as advice
from {_STRATEGIES}, (select unnest(['latest_week', 'ranked_population']) as comparison),
    range(getvariable('features')) as t(f)
""",
    "traffic_composition": f"""
select
    strategy_id,
    comparison,
    'f' || f as feature_name,
    'v' || v as feature_value,
    100 as base_count,
    50 as new_count,
    1 / getvariable('feature_values') as base_share,
    1 / getvariable('feature_values') as new_share
from {_STRATEGIES}, (select unnest(['latest_week', 'ranked_population']) as comparison),
    range(1, getvariable('features')) as t(f), range(getvariable('feature_values')) as u(v)
""",
    "health_findings": f"""
select
    strategy_id,
    ['offers_differ', 'stable_traffic', 'stable_performance', 'displays_arrive'][1 + i]
        as assumption,
    'all' as subject,
    ['ok', 'warning', 'severe', 'notice'][1 + i] as severity,
    [4, 2, 1, 3][1 + i] as severity_order,
    'A finding on <b>' || offer_id || '</b>.' as sentence,
    'Do something.' as advice,
    i = 1 as retrain_recommended
from {_STRATEGIES}, offers
where i < 4
""",
    "offer_performance_shift": f"""
select
    strategy_id,
    offer_id,
    if(i = 0, 'ok', 'insufficient') as status,
    'ok' as severity,
    100 as recent_displays,
    8 as recent_successes,
    0.08 as recent_reward,
    400 as previous_displays,
    30 as previous_successes,
    0.075 as previous_reward,
    0.07 as relative_change,
    if(i = 0, 0.4, null) as p_value,
    if(i = 0, 0.4, null) as adjusted_p_value,
    false as retrain_recommended,
    offer_id || ' performs as before.' as sentence
from {_STRATEGIES}, offers
""",
}

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
from {_STRATEGIES}, offers
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
from {_STRATEGIES}, weeks
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
from {_STRATEGIES}, weeks
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
from {_STRATEGIES}, weeks,
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
from {_STRATEGIES}, weeks
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
from {_STRATEGIES}, weeks, range(1, 5) as t(week)
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
from {_STRATEGIES}, weeks, range(1, 11) as t(decile)
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
from {_STRATEGIES}, weeks,
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
from {_STRATEGIES}, offers
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
from {_STRATEGIES}, weeks
where i = 0
""",
}
