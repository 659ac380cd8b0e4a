"""Reads the published file; never the build file, never the scorer."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

_STRATEGIES = """
select
    strategies.strategy_id as strategy,
    coalesce(runs.status, 'never ran') as state,
    runs.reason,
    runs.deployed_model_version as "deployed model",
    runs.training_rows as "training rows",
    runs.offers_included as "offers included",
    runs.offers_personalised as "offers personalised",
    strategies.exploration_share as "exploration share"
from dim_ranking_strategies as strategies
left join (
    select * from training_runs
    qualify row_number() over (partition by strategy_id order by as_of desc) = 1
) as runs on strategies.strategy_id = runs.strategy_id
order by 1
"""
_RANKED_OFFERS = """
select
    strategy_id, placement_id, rank, offer_id, offer_name, score, traffic_type, policy, propensity
from ranked_offers
where profile_id = ?
order by strategy_id, placement_id, rank
"""


class NothingPublishedError(Exception):
    """There is no published file yet."""


class Database:
    """One publication, attached read-only to a database in memory: it keeps no writer out."""

    def __init__(self, link: Path) -> None:
        try:
            self.path = Path(os.path.realpath(link, strict=True))
        except OSError:
            raise NothingPublishedError(
                f"Nothing is published in {link.parent} yet: run `nextoffer demo` or `run`."
            ) from None
        self._connection = duckdb.connect()
        quoted = str(self.path).replace("'", "''")
        self._connection.execute(
            f"set TimeZone = 'UTC'; attach '{quoted}' as published (read_only); use published"
        )

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def as_of(self) -> datetime:
        """Return the moment the publication was computed for, UTC."""
        row = self._connection.execute("select as_of from publication").fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment

    def strategies(self) -> pd.DataFrame:
        """Return one row per strategy with its last training run."""
        return self._connection.execute(_STRATEGIES).df()

    def example_profiles(self) -> list[str]:
        """Return a few profiles that have ranked offers."""
        rows = self._connection.execute("select profile_id from ranked_offers limit 100").fetchall()
        return list(dict.fromkeys(profile for (profile,) in rows))[:5]

    def ranked_offers(self, profile: str) -> pd.DataFrame:
        """Return one row per strategy, placement and rank of a profile."""
        return self._connection.execute(_RANKED_OFFERS, [profile]).df()
