"""Queries of the page Model: what is deployed, how it was trained, and how versions compare."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

_LAST_RUN = """
select
    runs.as_of,
    runs.status,
    runs.reason,
    runs.data_window_start,
    runs.data_window_end,
    runs.training_rows,
    runs.successes,
    runs.offers_included,
    runs.offers_ready,
    runs.offers_personalised,
    runs.model_version,
    runs.deployed_model_version,
    runs.exploration_share,
    models.model_kind
from training_runs as runs
left join model_versions as models
    on runs.strategy_id = models.strategy_id
    and runs.deployed_model_version = models.model_version
where runs.strategy_id = $strategy
order by runs.as_of desc
limit 1
"""
_VERSIONS = """
with evaluations as (
    select
        model_version,
        policy_value,
        value_low,
        value_high,
        lift_over_best_single,
        status as value_status
    from policy_evaluation
    where strategy_id = $strategy and policy in ('new', 'best_single') and estimator = 'dr'
        and model_version is not null
    qualify row_number() over (partition by model_version order by as_of, policy) = 1
)
select
    versions.model_version,
    versions.trained_as_of,
    versions.model_kind,
    versions.data_window_start,
    versions.data_window_end,
    versions.training_rows,
    versions.offers_included,
    versions.offers_personalised,
    versions.is_deployed,
    try_cast(versions.metrics ->> 'gini' as double) as training_gini,
    later.gini as later_gini,
    later.calibration_ratio,
    later.displays as later_displays,
    evaluations.policy_value,
    evaluations.value_low,
    evaluations.value_high,
    evaluations.lift_over_best_single,
    evaluations.value_status
from model_versions as versions
left join model_performance as later
    on versions.strategy_id = later.strategy_id and versions.model_version = later.model_version
left join evaluations on versions.model_version = evaluations.model_version
where versions.strategy_id = $strategy
order by versions.trained_as_of desc
limit 52
"""
_BASELINES = """
select as_of, policy, policy_value, value_low, value_high
from policy_evaluation
where
    strategy_id = $strategy
    and policy in ('random', 'best_single')
    and estimator = 'dr'
    and status = 'ok'
order by as_of, policy
"""
_CALIBRATION = """
select model_version, decile, displays, mean_score, mean_reward, mean_reward_low, mean_reward_high
from model_calibration
where strategy_id = $strategy and model_version = $version
order by decile
"""
_TRAFFIC = """
select arm, sum(displays) / sum(sum(displays)) over () as share
from traffic_allocation
where strategy_id = $strategy and display_date >= (select as_of::date - 7 from publication)
group by arm
order by arm
"""
_FEATURES = """
select feature_kind, feature_name, value_type
from strategy_features
where strategy_id = $strategy
order by feature_order
"""
_PROPERTIES = """
select
    kpi_name,
    kpi_type,
    outcome_type,
    objective,
    array_to_string(success_event_types, ', ') as success_event_types,
    value_path,
    window_hours,
    lookback_days,
    min_displays,
    min_successes,
    exploration_share,
    exploration,
    control_share,
    array_to_string(guardrails, ', ') as guardrails,
    top_k,
    array_to_string(placement_ids, ', ') as placement_ids
from dim_ranking_strategies
where strategy_id = $strategy
"""


def last_run(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the last training run and the kind of model deployed after it, or no row."""
    return publication.frame(_LAST_RUN, strategy=strategy)


def versions(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return one row per model version, the newest first, at most 52: data, Gini, policy value.

    `later_gini` covers displays after the training data; the policy value is the doubly robust one
    of the cycle that trained the version.
    """
    return publication.frame(_VERSIONS, strategy=strategy)


def baselines(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the policy value of random and of the best single offer, by cycle."""
    return publication.frame(_BASELINES, strategy=strategy)


def calibration(publication: Publication, strategy: str, version: str) -> pd.DataFrame:
    """Return expected and actual reward of a version by decile of the score."""
    return publication.frame(_CALIBRATION, strategy=strategy, version=version)


def traffic(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the share of each arm in the displays of the last 7 days."""
    return publication.frame(_TRAFFIC, strategy=strategy)


def features(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the features of the strategy, in their order."""
    return publication.frame(_FEATURES, strategy=strategy)


def properties(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return the configuration of a strategy, one row."""
    return publication.frame(_PROPERTIES, strategy=strategy)
