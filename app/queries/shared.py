"""Queries that every page needs: the as_of, the strategies, their placements."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from app.database import Publication, UnreadablePublicationError

_STRATEGIES = """
select
    strategies.strategy_id,
    strategies.display_name,
    strategies.kpi_name,
    -- The reward is the KPI, or what is left of it after the costs of the catalogue.
    if(strategies.objective = 'net_value', 'net value', strategies.kpi_name) as reward_name,
    strategies.currency,
    strategies.kpi_type,
    strategies.window_hours,
    strategies.lookback_days,
    strategies.min_displays,
    strategies.min_successes,
    strategies.exploration_share,
    strategies.top_k,
    runs.as_of as last_run,
    coalesce(runs.status, 'never ran') as status,
    runs.reason,
    runs.deployed_model_version
from dim_ranking_strategies as strategies
left join (
    select * from training_runs
    qualify row_number() over (partition by strategy_id order by as_of desc) = 1
) as runs on strategies.strategy_id = runs.strategy_id
order by strategies.strategy_id
"""
_PLACEMENTS = """
select distinct placement_id
from arm_performance
where strategy_id = $strategy and placement_id <> 'all'
order by placement_id
"""


def as_of(publication: Publication) -> datetime:
    """Return the as_of of the publication, UTC."""
    found = publication.frame("select as_of from publication")["as_of"]
    if len(found) != 1 or found.isna().any():
        raise UnreadablePublicationError(publication.path, "its table publication has no as_of")
    moment: datetime = found.iloc[0]
    return moment


def strategies(publication: Publication) -> pd.DataFrame:
    """Return one row per strategy: its configuration and how its last run ended."""
    return publication.frame(_STRATEGIES)


def placements(publication: Publication, strategy: str) -> list[str]:
    """Return the placements where a strategy was shown in the last 30 days."""
    found: list[str] = publication.frame(_PLACEMENTS, strategy=strategy)["placement_id"].tolist()
    return found
