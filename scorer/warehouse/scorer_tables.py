"""Writes the tables of the schema `scorer`; new rows of a strategy replace the old ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from scorer.config import Settings
from scorer.warehouse.database import Connection

Row = dict[str, Any]


def replace_training_run(connection: Connection, run: Row) -> None:
    """Replace the row of `scorer.training_runs` with the strategy and `as_of` of the run."""
    connection.execute(
        "delete from scorer.training_runs where strategy_id = ? and as_of = ?",
        [run["strategy_id"], run["as_of"]],
    )
    insert_rows(connection, "training_runs", [run])


def replace_evaluations(
    connection: Connection, settings: Settings, strategy: str, rows: Sequence[Row]
) -> None:
    """Replace the rows of a strategy and cycle in `scorer.policy_evaluation`."""
    key = {
        "strategy_id": strategy,
        "cycle_date": settings.cycle_date,
        "as_of": settings.as_of,
    }
    connection.execute(
        "delete from scorer.policy_evaluation where strategy_id = ? and as_of = ?",
        [strategy, settings.as_of],
    )
    insert_rows(connection, "policy_evaluation", [key | row for row in rows])


def insert_rows(connection: Connection, name: str, rows: pa.Table | Sequence[Row]) -> None:
    """Insert rows into a table of the schema `scorer`, columns by name; no rows are fine."""
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows))
    if table.num_rows == 0:
        return
    connection.register("nextoffer_rows", table)
    connection.execute(f"insert into scorer.{name} by name select * from nextoffer_rows")
    connection.unregister("nextoffer_rows")
