"""What the scorer notes of a strategy in its own tables; rows are replaced as a whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from scorer.config import Settings
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.connection import Connection

Row = dict[str, Any]


def write_model_versions(
    connection: Connection, registry: ModelRegistry, settings: Settings, strategy: str
) -> None:
    """Replace the strategy's rows of `scorer.model_versions` by what the cycles so far made.

    A model that several cycles trained counts from the earliest of them, whichever ran first.
    One that was held back is among them: a person may promote it.
    """
    past = [(d.as_of, d.model_version) for d in registry.history(strategy)]
    past += connection.execute(
        "select as_of, model_version from scorer.training_runs"
        " where strategy_id = ? and model_version is not null",
        [strategy],
    ).fetchall()
    past = sorted(entry for entry in past if entry[0] <= settings.as_of)
    first = {version: as_of for as_of, version in reversed(past)}
    deployed = registry.deployed_as_of(strategy, settings.as_of)
    connection.execute("delete from scorer.model_versions where strategy_id = ?", [strategy])
    for manifest in registry.versions(strategy):
        version = manifest["model_version"]
        if version in first and "error" not in manifest:
            row = _model_row(strategy, manifest)
            row |= {"trained_as_of": first[version]}
            row |= {"is_deployed": version == deployed}
            _insert(connection, "scorer.model_versions", row)


def _model_row(strategy: str, manifest: dict[str, Any]) -> dict[str, Any]:
    names = (
        "model_version",
        "model_kind",
        "kpi_type",
        "data_window_start",
        "data_window_end",
        "training_rows",
        "offers_included",
        "offers_personalised",
    )
    return {
        "strategy_id": strategy,
        **{name: manifest.get(name) for name in names},
        "metrics": json.dumps(manifest.get("metrics"), sort_keys=True),
    }


def replace_run(connection: Connection, run: Row) -> None:
    """Replace the row of `scorer.training_runs` of the run's strategy and `as_of`."""
    connection.execute(
        "delete from scorer.training_runs where strategy_id = ? and as_of = ?",
        [run["strategy_id"], run["as_of"]],
    )
    _insert(connection, "scorer.training_runs", run)


def replace_evaluations(
    connection: Connection, settings: Settings, strategy: str, rows: Sequence[Row]
) -> None:
    """Replace the rows of `scorer.policy_evaluation` of a strategy and cycle."""
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
        insert_table(
            connection, "policy_evaluation", pa.Table.from_pylist([key | row for row in rows])
        )


def insert_table(connection: Connection, name: str, rows: pa.Table) -> None:
    """Add rows to a table of the schema `scorer`, columns by name."""
    connection.register("nextoffer_rows", rows)
    connection.execute(f"insert into scorer.{name} by name select * from nextoffer_rows")
    connection.unregister("nextoffer_rows")


def _insert(connection: Connection, table: str, row: Row) -> None:
    columns, marks = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} ({columns}) values ({marks})", list(row.values()))
