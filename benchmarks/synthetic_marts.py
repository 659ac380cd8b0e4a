"""Contents of a synthetic publication: the rows of each mart, and SQL for its main columns.

The rows come from a source: temporary tables of `synthetic_publication`, or marts defined above. A
column without SQL is the column of the source with that name, else `ANY_VALUE` for its type.
"""

from __future__ import annotations

from typing import Literal

Stage = Literal["new", "cold", "full"]
ANY_VALUE = {
    "bigint": "100",
    "integer": "100",
    "double": "0.1",
    "boolean": "false",
    "timestamp": "getvariable('as_of')",
    "date": "getvariable('as_of')::date",
}
_COMPARISONS = "(select unnest(['latest_week', 'ranked_population']) as comparison) as comparisons"
_WINDOWS = "(select unnest([7, 30]) as window_days) as windows"
_WINDOW = "where display_date >= getvariable('as_of')::date - window_days"
_OFFERS_READY = "if(model_version is null, 0, getvariable('offers') - 1)"
_PERSONAL = "if(traffic_type = 'random', null, {})"
_IS_EXPLORING = "(model_version is null or p % 10 = 9)"
_IS_MODEL = "policy in ('new', 'previous', 'deployed')"
MARTS: dict[str, tuple[str, dict[str, str]]] = {
    "dim_ranking_strategies": (
        "strategies",
        {
            "display_name": "strategy_id",
            "kpi_name": "if(kpi_type = 'binary', 'clicks', 'revenue')",
            "outcome_type": "kpi_type",
            "objective": "'reward'",
            "success_event_types": "['commerce.purchases']",
            "window_hours": "24",
            "lookback_days": "30",
            "min_displays": "250",
            "min_successes": "25",
            "control_share": "0",
            "exploration": "'uniform'",
            "top_k": "3",
        },
    ),
    "dim_offers": (
        "offers",
        {
            "offer_name": "offer_id",
            "status": "'approved'",
            "start_date": "null",
            "end_date": "null",
        },
    ),
    "strategy_features": (
        "strategies, features",
        {
            "feature_order": "f + 1",
            "value_type": "if(feature_kind = 'segment', 'boolean', 'category')",
        },
    ),
    "ranking_candidates": (
        "places, range(getvariable('profiles')) as t(p)",
        {
            "profile_id": "'p' || p",
            "segments": "(select list(feature_name) from features"
            " where feature_kind = 'segment' and f % 2 = 0)",
            "context": "coalesce((select map_from_entries(list((feature_name, feature_value)))"
            " from features, levels where feature_kind = 'context' and v = 0), map {})",
            "eligibility_set_id": "'set'",
        },
    ),
    "ranked_offers": (
        "places, range(getvariable('profiles')) as t(p), range(1, 4) as u(rank),"
        " (select * from weeks where w = 0), offers"
        " where i = (p + rank - 1) % getvariable('offers') and rank <= getvariable('offers')"
        " order by strategy_id, p, placement_id, rank",
        {
            "cycle_date": "as_of::date",
            "profile_id": "'p' || p",
            "offer_name": "offer_id",
            "score": "if(model_version is null, null, 0.1 / rank)",
            "traffic_type": f"if({_IS_EXPLORING}, 'random', 'contextual')",
            "arm": f"if({_IS_EXPLORING}, 'random', 'personalised')",
            "is_exploration": _IS_EXPLORING,
            "policy": f"if({_IS_EXPLORING}, 'uniform', 'model')",
            "propensity": f"if({_IS_EXPLORING}, 0.02, 0.92)",
            "eligible_count": "getvariable('offers')",
            "valid_to": "as_of + interval 7 day",
        },
    ),
    "offer_readiness": (
        "strategies, offers, (select * from weeks where w = 0)",
        {
            "displays": "if(i = 1 or model_version is null, 100, 5000)",
            "successes": "if(i = 1 or model_version is null, 10, 300)",
            "pooled_displays": "if(i = 1 or model_version is null, 100, 5000)",
            "pooled_successes": "if(i = 1 or model_version is null, 10, 300)",
            "min_displays": "250",
            "min_successes": "25",
            "is_ready": "i <> 1 and model_version is not null",
        },
    ),
    "training_runs": (
        "strategies, weeks",
        {
            "cycle_date": "as_of::date",
            "status": "if(model_version is null, 'collecting', 'succeeded')",
            "reason": "if(model_version is null, '0 of ' || getvariable('offers')"
            " || ' offers ready, 2 needed', null)",
            "offers_included": "getvariable('offers')",
            "offers_ready": _OFFERS_READY,
            "offers_personalised": _OFFERS_READY,
            "deployed_model_version": "model_version",
        },
    ),
    "daily_outcomes": (
        "(select *, if(kpi_type = 'binary', 1, 40) as worth,"
        " (if(arm = 'personalised', 0.9, 0.1) * getvariable('displays_a_cell') + 1)::bigint"
        " as displays, if(d = 1, 0, displays) as mature_displays,"
        " ceil(mature_displays * if(arm = 'personalised', 0.09, 0.06) * (1 + i % 3 / 4))"
        " as successes from places, offers, arms, days) as outcomes",
        {
            "reward": "successes * worth",
            "squared_reward": "successes * worth * worth",
            "incremental_reward": _PERSONAL.format("reward / 4"),
        },
    ),
    "traffic_allocation": (
        "(select strategy_id, display_date, traffic_type, arm, sum(displays) as displays"
        " from daily_outcomes group by all) as sums",
        {"share": "displays / sum(displays) over (partition by strategy_id, display_date)"},
    ),
    "offer_performance": (
        "(select strategy_id, offer_id, window_days, traffic_type, arm, sum(displays) as displays,"
        " sum(mature_displays) as mature_displays, sum(successes) as successes,"
        " sum(successes) / sum(mature_displays) as success_rate,"
        f" sum(reward) / sum(mature_displays) as reward_per_display from daily_outcomes, {_WINDOWS}"
        f" {_WINDOW} group by all) as sums",
        {},
    ),
    "arm_performance": (
        "(select strategy_id, coalesce(placement_id, 'all') as placement_id, window_days,"
        " traffic_type, arm, sum(mature_displays) as displays, sum(successes) as successes,"
        " sum(successes) / sum(mature_displays) as success_rate,"
        " sum(incremental_reward) as incremental_reward,"
        f" sum(reward) / sum(mature_displays) as reward_per_display from daily_outcomes, {_WINDOWS}"
        f" {_WINDOW} group by strategy_id, window_days, traffic_type, arm, cube (placement_id))"
        " as sums",
        {
            "incremental_reward_low": "incremental_reward * 0.8",
            "incremental_reward_high": "incremental_reward * 1.2",
            "status": "if(traffic_type = 'random', 'reference', 'ok')",
            "lift": _PERSONAL.format("0.6"),
            "lift_low": _PERSONAL.format("0.4"),
            "lift_high": _PERSONAL.format("0.8"),
            "p_value": _PERSONAL.format("0.0001"),
            "lift_low_clustered": _PERSONAL.format("0.4"),
            "lift_high_clustered": _PERSONAL.format("0.8"),
            "p_value_clustered": _PERSONAL.format("0.0001"),
            "power_sentence": _PERSONAL.format("'A 10 % lift shows within 30 days.'"),
        },
    ),
    "model_versions": (
        "strategies, weeks",
        {
            "trained_as_of": "as_of",
            "model_kind": "'residual_trees'",
            "data_window_end": "as_of - interval 1 day",
            "metrics": """'{"gini": 0.25}'""",
            "is_deployed": "w = 0",
        },
    ),
    "policy_evaluation": (
        "strategies, weeks, (select unnest(['random', 'best_single', 'previous', 'new',"
        " 'deployed']) as policy,"
        " unnest([0.05, 0.06, 0.09, 0.1, 0.1]) as policy_value) as policies,"
        " (select unnest(['dm', 'dr', 'dr_shrunk', 'ips', 'snips']) as estimator) as estimators",
        {
            "cycle_date": "as_of::date",
            "model_version": f"if({_IS_MODEL}, model_version, null)",
            "model_kind": f"if({_IS_MODEL}, 'residual_trees', null)",
            "status": "'ok'",
            "value_low": "policy_value * 0.9",
            "value_high": "policy_value * 1.1",
            "matching_responses": "300",
            "share_below_floor": "0",
            "displays_without_propensity": "0",
            **{
                f"lift_over_{over}{end}": f"policy_value / {value} - {one}"
                for over, value in (("random", 0.05), ("best_single", 0.06))
                for end, one in (("", 1), ("_low", 1.1), ("_high", 0.9))
            },
            "data_window_start": "as_of - interval 30 day",
        },
    ),
    "model_performance": ("strategies, weeks where w > 0", {"status": "'ok'"}),
    "model_performance_weekly": (
        "strategies, weeks, range(1, 5) as t(week) where w >= week",
        {"status": "'ok'", "gini": "0.24 - week / 100"},
    ),
    "model_calibration": (
        "strategies, weeks, range(1, 11) as t(decile) where w > 0",
        {
            "mean_score": "0.02 * decile",
            "mean_reward": "0.019 * decile",
            "mean_reward_low": "0.016 * decile",
            "mean_reward_high": "0.022 * decile",
        },
    ),
    "feature_importance": (
        "strategies, weeks, (select offer_id from offers union all select null) as parts,"
        " (select unnest(['gain', 'contribution', 'interaction']) as measure) as measures,"
        " (select feature_name, feature_kind, f from features where f < 10 union all"
        " select max(feature_name) filter (f = 1) || ' x ' || max(feature_name) filter (f = 0),"
        " 'pair', -1 from features) as parts_of_score where measure <> 'gain' or offer_id is null",
        {"share": "0.8 / pow(4, f + 1)", "importance_rank": "f + 2"},
    ),
    "offer_feature_interactions": (
        # People with equal values of two features like the first offer; everybody likes the second
        # one equally.
        "(select strategy_id, kpi_type, offer_id, a.feature_name, x.feature_value,"
        " b.feature_name as other_feature_name, y.feature_value as other_feature_value,"
        " if(b.f is null, 2000, 1000) as displays, case when i = 1 or (i = 0 and b.f is null)"
        " then 0.11 when i = 0 then if(x.v = y.v, 0.2, 0.02)"
        " else 0.02 + hash(offer_id, a.f, b.f, x.v, y.v) % 1000 / 1e4 end as chance"
        " from strategies, offers, features as a, levels as x,"
        " (select feature_name, f from features union all select null, null) as b,"
        " (select feature_value, v from levels union all select null, null) as y"
        " where (b.f between a.f + 1 and 12 or b.f is null)"
        " and (b.f is null) = (y.v is null)) as cells",
        # A run counts 12 telling features in pairs, and 12 pairs of the model: 78 are as many.
        {
            "successes": "displays * chance",
            "rate": "chance * if(kpi_type = 'binary', 1, 40)",
            "shrunken_rate": "chance * if(kpi_type = 'binary', 1, 40)",
            "lift": "chance / 0.11 - 1",
        },
    ),
    "offer_similarity": (
        "(select strategy_id, a.offer_id, b.offer_id as other_offer_id, a.i + b.i as both_offers,"
        " ['different', 'alike', 'unclear'][1 + both_offers % 3] as verdict"
        " from strategies, offers as a, offers as b where a.i > b.i and a.i < 100) as pairs",
        {
            "severity": "if(verdict = 'alike', 'notice', 'ok')",
            "most_different_feature": "(select feature_name from features where f = 1)",
            "sentence": "offer_id || ' and ' || other_offer_id || ' were compared.'",
        },
    ),
    "offer_performance_shift": (
        "strategies, offers",
        {
            "status": "if(i = 0, 'ok', 'insufficient')",
            "severity": "if(i = 0, 'warning', 'ok')",
            "sentence": "offer_id || if(i = 0, ' suddenly earns less.', ' performs as before.')",
        },
    ),
    "traffic_composition_drift": (
        f"strategies, features, {_COMPARISONS}",
        {
            "status": "'ok'",
            "severity": "if(f = 0, 'severe', 'ok')",
            "psi_low": "0.3 / (1 + f)",
            "sentence": "'The traffic is very different in ' || feature_name || '.'",
            "advice": "'Look.'",
        },
    ),
    "traffic_composition": (
        f"(select *, 20 + 60 * v as base_count, 80 - 60 * v as new_count"
        f" from strategies, features, levels, {_COMPARISONS} where v < 2) as counts",
        {"base_share": "base_count / 100", "new_share": "new_count / 100"},
    ),
    "health_findings": (
        "strategies, offers, (select unnest(['offers_differ', 'stable_traffic',"
        " 'stable_performance', 'displays_arrive']) as assumption,"
        " unnest(['ok', 'severe', 'warning', 'ok']) as severity,"
        " unnest([4, 1, 2, 4]) as severity_order) as findings where i = 1",
        {
            "subject": "'all'",
            "sentence": "assumption || ' was measured on <b>' || offer_id || '</b>.'",
            "advice": "if(severity = 'ok', null, 'Look into it.')",
            "retrain_recommended": "severity = 'severe'",
        },
    ),
    "data_quality": (
        "strategies, days, (select unnest(['outcome_is_final', 'propensity_is_known',"
        " 'interaction_has_display']) as measure) as measures",
        {"event_date": "display_date", "records_in_order": "90"},
    ),
    "rejected_events": (
        "range(getvariable('rejected')) as t(i)",
        {
            "rejection_id": "i",
            "input_name": "'experience_events'",
            "source_file": "'experience_events/' || i % 7 || '.ndjson'",
            "line_number": "i",
            "reason": "['no event id', 'not a JSON object', 'item without id'][1 + i % 3]",
            "raw_text": """'{"a": "<b>' || i || '</b>"}'""",
        },
    ),
}
_TRAINED = {
    "model_versions",
    "policy_evaluation",
    "model_performance",
    "model_performance_weekly",
    "model_calibration",
    "feature_importance",
}
MARTS_OF_STAGE: dict[Stage, list[str]] = {
    "new": ["dim_ranking_strategies"],
    "cold": [mart for mart in MARTS if mart not in _TRAINED],
    "full": list(MARTS),
}
