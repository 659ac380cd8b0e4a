"""Rows of `scored_displays`: scores of stored models on displays that they were not trained on.

Model performance and calibration over time are computed from them.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.config import Settings
from scorer.errors import InputError
from scorer.features import encode_offers, encode_users
from scorer.models.protocol import RewardModel
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import Connection
from scorer.warehouse.scorer_tables import insert_rows

OTHER_VERSIONS = 4
_COLUMNS = ("display_id", "event_ts", "offer_id", "reward", "is_success")


def versions_to_score(connection: Connection, strategy: str, last: datetime) -> list[str]:
    """The deployed version and the 4 newest others, if older than the last display."""
    rows = connection.execute(
        "select model_version, is_deployed from scorer.model_versions"
        " where strategy_id = ? and data_window_end < ?"
        " order by is_deployed desc, trained_as_of desc, model_version",
        [strategy, last],
    ).fetchall()
    is_one_deployed = bool(rows) and rows[0][1]
    return [version for version, _ in rows[: OTHER_VERSIONS + is_one_deployed]]


def score_displays(model: RewardModel, end: datetime, examples: pa.Table) -> pa.Table:
    """Scores of the displays after `end` whose offer the model knows, in order of time.

    ``examples`` are training examples with the feature columns of the model; an absent column
    counts as missing.
    """
    is_known = pc.is_in(pc.cast(examples["offer_id"], pa.string()), pa.array(model.offer_ids))
    is_later = pc.greater(examples["event_ts"], pa.scalar(end, examples["event_ts"].type))
    is_final = pc.is_valid(examples["reward"])
    chosen = examples.filter(pc.and_(pc.and_(is_known, is_later), is_final))
    chosen = chosen.sort_by([("event_ts", "ascending"), ("display_id", "ascending")])
    offers = encode_offers(chosen["offer_id"], model.offer_ids)
    scores = model.shown(encode_users(chosen, model.schema), offers)
    return chosen.select(_COLUMNS).append_column("score", pa.array(scores.astype(np.float64)))


def replace_scored_displays(
    connection: Connection, settings: Settings, strategy: str, examples: pa.Table
) -> None:
    """Replace the rows of a strategy in `scorer.scored_displays`, except for damaged models.

    ``examples`` are the mature displays of the look-back. The versions come from
    `scorer.model_versions`.
    """
    connection.execute("delete from scorer.scored_displays where strategy_id = ?", [strategy])
    if examples.num_rows == 0:
        return
    registry = ModelRegistry(settings.models_dir)
    for version in versions_to_score(connection, strategy, pc.max(examples["event_ts"]).as_py()):
        try:
            model = registry.load(strategy, version)
            window = registry.manifest(strategy, version)["data_window_end"]
        except InputError:
            continue
        rows = score_displays(model, datetime.fromisoformat(window), examples)
        for name, text in (("strategy_id", strategy), ("model_version", version)):
            rows = rows.append_column(name, pa.repeat(pa.scalar(text, pa.string()), rows.num_rows))
        if rows.num_rows:
            insert_rows(connection, "scored_displays", rows)
