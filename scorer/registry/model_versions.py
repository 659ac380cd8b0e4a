"""Rows of `model_versions`: the models of a strategy and which of them is deployed."""

from __future__ import annotations

import json
from typing import Any

from scorer.config import Settings
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import Connection
from scorer.warehouse.scorer_tables import Row, insert_rows


def write_model_versions(
    connection: Connection, registry: ModelRegistry, settings: Settings, strategy: str
) -> None:
    """Replace the rows of a strategy in `scorer.model_versions` by the models up to this cycle.

    A model that several cycles trained has the date of the earliest cycle, in whatever order they
    ran. Models that were held back are included: a person may promote them.
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
            insert_rows(connection, "model_versions", [row])


def _model_row(strategy: str, manifest: dict[str, Any]) -> Row:
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
