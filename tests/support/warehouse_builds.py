"""Builds a warehouse from a raw folder and reads it, as a run of the pipeline does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from scorer.config import Settings
from scorer.progress import Silent
from scorer.warehouse.database import connect_build
from scorer.warehouse.dbt import run_dbt
from tests.support.paths import PROJECT


def settings(home: Path, raw: Path, as_of: datetime) -> Settings:
    """Return the settings of a run of this checkout's own dbt project."""
    return Settings(home=home, as_of=as_of, project_dir=PROJECT, raw=raw)


def build(home: Path, raw: Path, as_of: datetime, *selectors: str) -> None:
    """Run the dbt selectors, `features` and `monitoring` unless told."""
    for selector in selectors or ("features", "monitoring"):
        run_dbt(settings(home, raw, as_of), selector, selector, Silent())


def rows(home: Path, sql: str) -> list[tuple]:
    """Return the rows of a query on the build."""
    with connect_build(home / "build.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()
