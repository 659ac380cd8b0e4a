"""Runs whole cycles as `nextoffer run` does and reads what they published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from scorer.cycle.run import CycleResult, run_cycle
from scorer.progress import Silent
from scorer.warehouse.publication_reader import PublicationReader
from tests.support.warehouse_builds import settings


def run(home: Path, raw: Path, as_of: datetime, *, force: bool = False) -> CycleResult:
    """Run the cycle of `as_of`."""
    return run_cycle(settings(home, raw, as_of), Silent(), force=force)


def published(home: Path, sql: str) -> list[dict[str, Any]]:
    """Return the rows of a query on the current publication."""
    with PublicationReader(home / "published.duckdb") as reader:
        return reader.query(sql).to_pylist()
