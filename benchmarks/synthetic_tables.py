"""What a synthetic publication holds: a select for each published table.

They read the temporary tables offers, places, days and weeks, and variables of the session.
"""

from __future__ import annotations

STRATEGIES = "(select distinct strategy_id, kpi_type from places)"

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
from {STRATEGIES}
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
from {STRATEGIES}, range(getvariable('features')) as t(i)
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
from {STRATEGIES}
""",
    "data_quality": f"""
select
    strategy_id,
    measure,
    display_date as event_date,
    100 as records,
    if(measure = 'outcome_is_final' and i = 1, 20, 99) as records_in_order
from {STRATEGIES}, days, (
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
    from {STRATEGIES}, offers,
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
from {STRATEGIES}, offers as a, offers as b
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
from {STRATEGIES}, (select unnest(['latest_week', 'ranked_population']) as comparison),
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
from {STRATEGIES}, (select unnest(['latest_week', 'ranked_population']) as comparison),
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
from {STRATEGIES}, offers
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
from {STRATEGIES}, offers
""",
}
