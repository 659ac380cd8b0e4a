"""Turns the development data into a raw folder of flat displays and requests."""

from __future__ import annotations

from pathlib import Path

from scorer.warehouse.database import connect_memory
from tests.support.paths import DATA

# Columns of the data sets that a log does not have.
OUTSIDE = "group_id, split"


def write_log(name: str, raw: Path, strategy: dict[str, object], where: str = "true") -> None:
    """Write rows of a data set as flat displays, with one strategy that uses every segment."""
    raw.mkdir()
    memory = connect_memory()
    source = f"'{DATA}/{name}.parquet'"
    memory.execute(
        f"copy (select * exclude ({OUTSIDE}) from {source} where {where})"
        f" to '{raw}/displays.parquet'"
    )
    columns = [row[0] for row in memory.execute(f"describe from {source}").fetchall()]
    segments = [column.removeprefix("seg_") for column in columns if column.startswith("seg_")]
    (raw / "ranking_strategies.csv").write_text(
        ",".join(strategy) + "\n" + ",".join(map(str, strategy.values())) + "\n"
    )
    (raw / "strategy_segments.csv").write_text(
        "strategy_id,segment_id\n"
        + "".join(f"{strategy['strategy_id']},{segment}\n" for segment in segments)
    )


def write_requests(name: str, target: Path, where: str) -> None:
    """Write rows of a data set as requests, without offer and outcome."""
    connect_memory().execute(
        f"copy (select * exclude ({OUTSIDE}, clicked, value, propensity, offer_id)"
        f" from '{DATA}/{name}.parquet' where {where}) to '{target}'"
    )
