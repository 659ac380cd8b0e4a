"""Reads the marts of the build."""

from __future__ import annotations

from dataclasses import replace

from scorer.config import Settings
from scorer.errors import ConfigurationError
from scorer.warehouse.database import Connection


def strategy_ids(connection: Connection, settings: Settings) -> list[str]:
    """Return the strategies to work on, sorted.

    Raises
    ------
    ConfigurationError
        `settings.strategy` is unknown.
    """
    rows = connection.execute(
        "select strategy_id from main.dim_ranking_strategies order by strategy_id"
    ).fetchall()
    known = [name for (name,) in rows]
    if settings.strategy is None:
        return known
    if settings.strategy not in known:
        raise ConfigurationError(
            f"--strategy: {settings.strategy!r} is unknown; there are: {', '.join(known)}"
        )
    return [settings.strategy]


def the_strategy(connection: Connection, settings: Settings) -> str:
    """Return the one strategy to work on.

    Raises
    ------
    ConfigurationError
        `settings.strategy` is unknown, or is missing although there are several strategies.
    """
    known = strategy_ids(connection, replace(settings, strategy=None))
    if settings.strategy is None and len(known) > 1:
        raise ConfigurationError(f"--strategy is missing; there are: {', '.join(known)}")
    return strategy_ids(connection, settings)[0]
