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
    insert_row(connection, "scorer.training_runs", run)


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
    if rows:
        insert_rows(
            connection, "policy_evaluation", pa.Table.from_pylist([key | row for row in rows])
        )


def insert_rows(connection: Connection, name: str, rows: pa.Table) -> None:
    """Insert rows into a table of the schema `scorer`, columns by name."""
    connection.register("nextoffer_rows", rows)
    connection.execute(f"insert into scorer.{name} by name select * from nextoffer_rows")
    connection.unregister("nextoffer_rows")


def insert_row(connection: Connection, table: str, row: Row) -> None:
    """Insert one row into a table, columns by name."""
    columns, marks = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} ({columns}) values ({marks})", list(row.values()))
