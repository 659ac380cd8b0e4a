"""Runs the pipeline on a raw folder, dbt alone or whole cycles, and reads the resulting tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from scorer.config import Settings
from scorer.cycle.run import CycleResult, run_cycle
from scorer.progress import Silent
from scorer.warehouse.database import connect_build
from scorer.warehouse.dbt import run_dbt
from scorer.warehouse.publication_reader import PublicationReader
from tests.support.paths import PROJECT


def settings(home: Path, raw: Path, as_of: datetime) -> Settings:
    """Return the settings of a run with the dbt project of this checkout."""
    return Settings(home=home, as_of=as_of, project_dir=PROJECT, raw=raw)


def build(home: Path, raw: Path, as_of: datetime, *selectors: str) -> None:
    """Run dbt with each selector; the default is `features`, then `monitoring`."""
    for selector in selectors or ("features", "monitoring"):
        run_dbt(settings(home, raw, as_of), selector, selector, Silent())


def run(home: Path, raw: Path, as_of: datetime, *, force: bool = False) -> CycleResult:
    """Run the cycle of `as_of`, as `nextoffer run` does."""
    return run_cycle(settings(home, raw, as_of), Silent(), force=force)


def build_rows(home: Path, sql: str) -> list[tuple]:
    """Return the rows of a query on the build file."""
    with connect_build(home / "build.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def published(home: Path, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a query on the current publication."""
    with PublicationReader(home / "published.duckdb") as reader:
        return reader.query(sql).to_pylist()
