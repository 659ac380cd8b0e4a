"""Queries of the page Policy value."""

from __future__ import annotations

import pandas as pd

from app.database import Publication

_EVALUATIONS = """
select
    cycle_date,
    as_of,
    policy,
    model_version,
    model_kind,
    estimator,
    status,
    case when status = 'ok' then policy_value end as policy_value,
    case when status = 'ok' then value_low end as value_low,
    case when status = 'ok' then value_high end as value_high,
    displays,
    matching_displays,
    matching_responses,
    case when status = 'ok' then effective_sample_size end as effective_sample_size,
    share_below_floor,
    displays_without_propensity,
    case when status = 'ok' then lift_over_random end as lift_over_random,
    case when status = 'ok' then lift_over_random_low end as lift_over_random_low,
    case when status = 'ok' then lift_over_random_high end as lift_over_random_high,
    case when status = 'ok' then lift_over_best_single end as lift_over_best_single,
    case when status = 'ok' then lift_over_best_single_low end as lift_over_best_single_low,
    case when status = 'ok' then lift_over_best_single_high end as lift_over_best_single_high,
    is_cross_fitted,
    data_window_start,
    data_window_end
from policy_evaluation
where
    strategy_id = $strategy
    and ($estimator is null or estimator = $estimator)
    and (
        not $is_latest
        or as_of = (select max(as_of) from policy_evaluation where strategy_id = $strategy)
    )
order by
    as_of,
    case policy
        when 'random' then 1 when 'best_single' then 2 when 'previous' then 3 when 'new' then 4
        when 'deployed' then 5 else 6
    end,
    data_window_start,
    model_version,
    estimator
"""


_OVER_PREVIOUS = """
select
    try_cast(metrics ->> '$.over_previous.low' as double) as low,
    try_cast(metrics ->> '$.over_previous.high' as double) as high
from training_runs
where strategy_id = $strategy
order by as_of desc
limit 1
"""


def over_previous(publication: Publication, strategy: str) -> pd.Series:
    """Return the interval of the gain of the last training over the model that served before."""
    found = publication.frame(_OVER_PREVIOUS, strategy=strategy)
    return found.iloc[0] if len(found) else pd.Series({"low": None, "high": None})


def latest(publication: Publication, strategy: str) -> pd.DataFrame:
    """Return one row per policy and estimator of the last evaluation.

    A row that is `insufficient` has no figure, even if the file contains one.
    """
    return publication.frame(_EVALUATIONS, strategy=strategy, estimator=None, is_latest=True)


def over_time(publication: Publication, strategy: str, estimator: str) -> pd.DataFrame:
    """Return one row per evaluation and policy by one estimator, without stored versions."""
    frame = publication.frame(_EVALUATIONS, strategy=strategy, estimator=estimator, is_latest=False)
    return frame[frame["policy"] != "version"]
