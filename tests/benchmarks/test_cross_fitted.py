"""The real-data benchmark on a small file with known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.cross_fitted import measure
from benchmarks.flat_displays import find_data, read
from benchmarks.peers import BEST_SINGLE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two offers; those in the segment want b, the others (three in five) want a; all told."""
    rng, n = np.random.default_rng(0), 3000
    is_member, shown = rng.random(n) < 0.4, rng.choice(["a", "b"], n)
    wanted = np.where(is_member, "b", "a")
    ids = [f"r{i}" for i in range(n)]
    flat = {
        "event_ts": pa.array(np.datetime64("2026-01-01", "us") + np.arange(n)),
        "profile_id": [f"p{i // 3}" for i in range(n)],
        "request_id": ids,
        **{name: ["x"] * n for name in ("activity_id", "placement_id", "scope_id")},
        "offer_id": shown,
        "propensity": np.full(n, 0.5),
        "clicked": (shown == wanted).astype(np.int8),
        "value": np.where(shown == wanted, 3.0, 0.0),
        "group_id": np.arange(n) // 30,
        "seg_member": is_member,
        "ctx_noise": rng.normal(size=n),
    }
    root = tmp_path_factory.mktemp("data")
    pq.write_table(pa.table(flat), root / "panel.parquet")
    pq.write_table(
        pa.table({"request_id": ids, "best_offer": wanted}), root / "choice_truth.parquet"
    )
    return root


def test_folds_never_split_a_group(folder: Path) -> None:
    """All rows of a group are in one fold, and five folds are used."""
    dataset = read(folder, "panel", "binary")
    folds = dataset.folds(5, seed=1)
    pairs = {(int(c), int(f)) for c, f in zip(dataset.clusters, folds, strict=True)}
    assert len(pairs) == 100
    assert set(folds) == {0, 1, 2, 3, 4}


def test_no_identifier_is_a_feature(folder: Path) -> None:
    """Only placements, segments and context are features."""
    names = read(folder, "panel", "binary").log.declared.names
    assert set(names) == {
        "placement_id", "activity_id", "scope_id", "segment:member", "context:noise",
    }  # fmt: skip


@pytest.mark.parametrize(("kpi_type", "unit"), [("binary", 1.0), ("continuous", 3.0)])
def test_the_estimated_ratio_is_the_true_one(folder: Path, kpi_type: str, unit: float) -> None:
    """Personal trees succeed always, the best single offer three times in five."""
    dataset = read(folder, "panel", kpi_type)
    found = measure(dataset, [BEST_SINGLE, "xgb_per_offer"], "xgb_per_offer", seed=0)
    trees = found["xgb_per_offer"]
    assert trees.value == pytest.approx(unit, rel=0.02)
    assert trees.ratio == pytest.approx(trees.true_ratio, rel=0.03)
    assert trees.true_ratio == pytest.approx(1 / 0.6, rel=0.05)
    assert found[BEST_SINGLE].ratio == 1.0


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    """The error names the folder and the option."""
    with pytest.raises(FileNotFoundError, match=r"nowhere.*--data"):
        find_data(tmp_path / "nowhere")
