"""Read a Parquet file of flat displays into a log, with clusters for folds and intervals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.feedback import FeedbackLog
from scorer.arrays import Codes
from scorer.features import DECISIONING, FeatureSchema


@dataclass(frozen=True)
class Dataset:
    """A log, the cluster of each row (int64) and, where known, the offer that would succeed.

    ``best_offer`` holds offer codes, int64 (n,); None where the truth is not known.
    """

    log: FeedbackLog
    clusters: Codes
    best_offer: Codes | None

    def take(self, rows: Codes) -> FeedbackLog:
        """Log of some rows, with all offers."""
        log = self.log
        return FeedbackLog(log.examples.take(rows), log.declared, log.offer_ids, log.kpi_type)

    def folds(self, count: int, seed: int) -> Codes:
        """Fold of each row, int64 (n,); rows of one cluster share theirs."""
        order = np.random.default_rng(seed).permutation(int(self.clusters.max()) + 1)
        return order[self.clusters] % count


def find_data(given: Path | None) -> Path:
    """The given folder, or ``../shared/data`` next to the repository.

    Raises FileNotFoundError, with what to do, when it is not there.
    """
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = given or beside
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: the real data are not part of the repository;"
            " give their folder with --data"
        )
    return folder


def read(folder: Path, name: str, kpi_type: str) -> Dataset:
    """Displays of ``name``.parquet; the reward is ``clicked``, or ``value`` if continuous."""
    flat = pq.read_table(folder / f"{name}.parquet")
    rewards = flat["clicked" if kpi_type == "binary" else "value"].cast(pa.float64())
    cluster = flat["group_id" if "group_id" in flat.column_names else "profile_id"]
    columns = {
        "display_id": flat["request_id"],
        "event_ts": flat["event_ts"],
        "profile_id": flat["profile_id"],
        "offer_id": flat["offer_id"],
        **{name: flat[name] for name in DECISIONING},
        **{_renamed(c): flat[c] for c in flat.column_names if c.startswith(("seg_", "ctx_"))},
        "propensity": flat["propensity"],
        "reward": rewards,
        "is_success": pc.greater(flat["clicked"], 0),
    }
    offer_ids = tuple(sorted(pc.unique(flat["offer_id"]).to_pylist()))
    log = FeedbackLog(pa.table(columns), _schema(flat), offer_ids, kpi_type)
    codes = np.unique(cluster.to_numpy(), return_inverse=True)[1].astype(np.int64)
    return Dataset(log, codes, _truth(folder, flat, offer_ids))


def _schema(flat: pa.Table) -> FeatureSchema:
    triples = [(name, "decisioning", "category") for name in DECISIONING]
    for column in flat.column_names:
        if column.startswith("seg_"):
            triples.append((column[4:], "segment", "boolean"))
        elif column.startswith("ctx_"):
            is_text = pa.types.is_string(flat.schema.field(column).type)
            triples.append((column[4:], "context", "category" if is_text else "number"))
    return FeatureSchema.declare(
        {"feature_order": i, "feature_name": n, "feature_kind": k, "value_type": v}
        for i, (n, k, v) in enumerate(triples)
    )


def _renamed(column: str) -> str:
    kind = "segment" if column.startswith("seg_") else "context"
    return f"{kind}:{column[4:]}"


def _truth(folder: Path, flat: pa.Table, offer_ids: tuple[str, ...]) -> Codes | None:
    path = folder / "choice_truth.parquet"
    if not path.exists():
        return None
    known = pq.read_table(path)
    place = pc.index_in(flat["request_id"], known["request_id"].combine_chunks())
    if place.null_count:
        return None
    best = known["best_offer"].take(place)
    return pc.index_in(best, pa.array(offer_ids)).to_numpy().astype(np.int64)
