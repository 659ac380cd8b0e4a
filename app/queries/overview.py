"""Queries of the page Overview: the state of each strategy, and what changed since last week."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

_STANDING = """
with shares as (
    select
        strategy_id,
        coalesce(sum(displays) filter (where arm = 'personalised'), 0) / sum(displays)
            as personalised_share,
        coalesce(sum(displays) filter (where arm = 'random'), 0) / sum(displays)
            as random_share,
        sum(displays) filter (where arm = 'control') / sum(displays) as control_share_shown
    from traffic_allocation
    where display_date >= (select as_of::date - 7 from publication)
    group by strategy_id
),
lifts as (
    select
        strategy_id,
        status as lift_status,
        reward_per_display,
        lift,
        coalesce(lift_low_clustered, lift_low) as lift_low,
        coalesce(lift_high_clustered, lift_high) as lift_high,
        incremental_reward,
        incremental_reward_low,
        incremental_reward_high,
        status_over_control,
        lift_over_control as control_lift,
        lift_over_control_low as control_lift_low,
        lift_over_control_high as control_lift_high
    from arm_performance
    where placement_id = 'all' and window_days = 30 and arm = 'personalised'
),
randoms as (
    select strategy_id, reward_per_display as random_reward
    from arm_performance
    where placement_id = 'all' and window_days = 30 and arm = 'random'
),
readiness as (
    select
        readiness.strategy_id,
        count(*) as offers,
        count(*) filter (where readiness.is_ready) as offers_ready,
        count(*) filter (
            where not readiness.is_ready
                and coalesce(offers.status, 'approved') = 'approved'
                and coalesce(offers.end_date, timestamp '9999-01-01') > publication.as_of
                and coalesce(offers.start_date, timestamp '0001-01-01') <= publication.as_of
        ) as offers_missing
    from offer_readiness as readiness
    cross join publication
    left join dim_offers as offers on readiness.offer_id = offers.offer_id
    group by readiness.strategy_id
),
over_best as (
    select
        strategy_id,
        lift_over_best_single as best_lift,
        lift_over_best_single_low as best_lift_low,
        lift_over_best_single_high as best_lift_high
    from policy_evaluation
    where policy = 'deployed' and estimator = 'dr' and status = 'ok' and model_kind <> 'best_single'
    qualify as_of = max(as_of) over (partition by strategy_id)
        and as_of = (select as_of from publication)
)
select
    strategies.strategy_id,
    models.trained_as_of,
    models.model_kind,
    shares.personalised_share,
    shares.random_share,
    shares.control_share_shown,
    lifts.lift_status,
    lifts.reward_per_display,
    lifts.lift,
    lifts.lift_low,
    lifts.lift_high,
    lifts.incremental_reward,
    lifts.incremental_reward_low,
    lifts.incremental_reward_high,
    lifts.status_over_control,
    lifts.control_lift,
    lifts.control_lift_low,
    lifts.control_lift_high,
    randoms.random_reward,
    over_best.best_lift,
    over_best.best_lift_low,
    over_best.best_lift_high,
    coalesce(readiness.offers, 0) as offers,
    coalesce(readiness.offers_ready, 0) as offers_ready,
    coalesce(readiness.offers_missing, 0) as offers_missing
from dim_ranking_strategies as strategies
left join (
    select * from training_runs
    qualify row_number() over (partition by strategy_id order by as_of desc) = 1
) as runs on strategies.strategy_id = runs.strategy_id
left join model_versions as models
    on runs.strategy_id = models.strategy_id
    and runs.deployed_model_version = models.model_version
left join shares on strategies.strategy_id = shares.strategy_id
left join lifts on strategies.strategy_id = lifts.strategy_id
left join randoms on strategies.strategy_id = randoms.strategy_id
left join over_best on strategies.strategy_id = over_best.strategy_id
left join readiness on strategies.strategy_id = readiness.strategy_id
order by strategies.strategy_id
"""
_ALERTS = """
select strategy_id, assumption, severity, sentence, advice, retrain_recommended
from health_findings
where severity in ('severe', 'warning', 'notice')
order by severity_order, strategy_id, assumption, subject
"""
_RUNS = """
select
    strategy_id,
    as_of,
    status,
    deployed_model_version,
    offers_ready,
    offers_personalised,
    training_rows
from training_runs
qualify row_number() over (partition by strategy_id order by as_of desc) <= 2
order by strategy_id, as_of desc
"""
_WEEKS = """
with weeks as (
    select
        outcomes.strategy_id,
        outcomes.arm,
        outcomes.display_date >= publication.as_of::date - 7 as is_this_week,
        sum(outcomes.displays)::bigint as displays,
        sum(outcomes.mature_displays)::bigint as mature_displays,
        sum(outcomes.reward) as reward,
        sum(outcomes.squared_reward) as squared_reward
    from daily_outcomes as outcomes
    cross join publication
    where outcomes.display_date >= publication.as_of::date - 14
    group by all
)
select
    strategy_id,
    arm,
    is_this_week,
    displays,
    reward / nullif(mature_displays, 0) as reward_per_display,
    sqrt(squared_reward / nullif(mature_displays, 0) - pow(reward / nullif(mature_displays, 0), 2))
    / sqrt(mature_displays) as standard_error
from weeks
order by strategy_id, arm, is_this_week
"""
_NEW_OFFERS = """
with firsts as (
    select strategy_id, offer_id, min(display_date) as first_date
    from daily_outcomes
    group by all
)
select
    firsts.strategy_id,
    firsts.offer_id,
    coalesce(offers.offer_name, firsts.offer_id) as offer_name
from firsts
cross join publication
left join dim_offers as offers on firsts.offer_id = offers.offer_id
where
    firsts.first_date >= publication.as_of::date - 7
    and exists (
        select 1 from firsts as others
        where others.strategy_id = firsts.strategy_id
            and others.first_date < publication.as_of::date - 7
    )
order by firsts.strategy_id, firsts.offer_id
"""


def standing(publication: Publication) -> pd.DataFrame:
    """Return one row per strategy: its model, traffic of 7 days, lifts of 30 days, readiness."""
    return publication.frame(_STANDING)


def alerts(publication: Publication) -> pd.DataFrame:
    """Return one row per finding that is not in order, the worst first."""
    return publication.frame(_ALERTS)


def last_runs(publication: Publication) -> pd.DataFrame:
    """Return the last two runs of each strategy, the newest first."""
    return publication.frame(_RUNS)


def weeks(publication: Publication) -> pd.DataFrame:
    """Return displays and reward of each strategy and arm, in the last 7 days and the 7 before."""
    return publication.frame(_WEEKS)


def new_offers(publication: Publication) -> pd.DataFrame:
    """Return the offers that a strategy first showed in the last 7 days."""
    return publication.frame(_NEW_OFFERS)
