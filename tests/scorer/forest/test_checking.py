"""A booster is checked before XGBoost loads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb

from scorer.errors import InputError
from scorer.forest import load_booster
from scorer.forest.ubjson import read_ubjson
from tests.support.boosters import write_ubjson
from tests.support.paths import ROOT

FEATURES = 3


@pytest.fixture(scope="module")
def stored() -> bytes:
    """Return the bytes of a small booster with categorical and numeric splits."""
    rng = np.random.default_rng(0)
    users = np.column_stack([rng.integers(0, 5, 400), rng.random((400, 2))]).astype(np.float32)
    outcomes = (users[:, 0] == 2) ^ (users[:, 1] > 0.5)
    data = xgb.DMatrix(users, outcomes, feature_types=["c", "q", "q"], enable_categorical=True)
    booster = xgb.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, data, 5)
    return bytes(booster.save_raw("ubj"))


def test_a_stored_booster_loads_to_the_bit(stored: bytes) -> None:
    """A booster of XGBoost passes, and is written again with the same bytes."""
    assert bytes(load_booster(stored, FEATURES).save_raw("ubj")) == stored
    assert write_ubjson(read_ubjson(b"SL\0\0\0\0\0\0\0\1a")) == b"SL\0\0\0\0\0\0\0\1a"


WRONG = {
    "left_children": -7,
    "right_children": 2**31 - 1,
    "parents": 5,
    "split_indices": FEATURES,
    "split_type": 9,
    "default_left": 2,
    "split_conditions": np.nan,
    "categories": -1,
    "categories_nodes": 1000,
    "categories_segments": 2**31,
    "categories_sizes": 0,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_value_out_of_bounds_is_named(stored: bytes, name: str) -> None:
    """An index, type or category that XGBoost would follow is refused by the name of its field."""
    document = read_ubjson(stored)
    values = document["learner"]["gradient_booster"]["model"]["trees"][0][name]
    changed = values.astype(">i8") if values.dtype.kind in "iu" else values.copy()
    changed[0] = WRONG[name]
    document["learner"]["gradient_booster"]["model"]["trees"][0][name] = changed
    with pytest.raises(InputError, match=f"{name}|children|num_deleted"):
        load_booster(write_ubjson(document), FEATURES)


def test_bytes_that_end_too_early_or_late_are_refused(stored: bytes) -> None:
    """The error for a truncated or longer file names the byte; another width is refused."""
    for data in (stored[:-40], stored + b"}", b"", b"{" * 100, b"[#L" + b"\xff" * 8):
        with pytest.raises(InputError, match="at byte"):
            load_booster(data, FEATURES)
    with pytest.raises(InputError, match="num_feature"):
        load_booster(stored, FEATURES + 1)


MUTATIONS = """
import random, sys
import numpy as np
from pathlib import Path
from scorer.errors import InputError
from scorer.forest import load_booster
from tests.support.boosters import mutated
stored, rng = Path(sys.argv[1]).read_bytes(), random.Random(int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    data = mutated(stored, rng)
    try:
        booster = load_booster(data, 3)
    except InputError:
        continue
    booster.set_param("nthread", 1)
    for value in (0, 2, 7, np.nan):
        booster.inplace_predict(np.full((2, 3), value, np.float32), predict_type="margin")
"""


def test_no_mutation_crashes_the_process(stored: bytes, tmp_path: Path) -> None:
    """Each of 400 malformed boosters is refused, or loads and predicts."""
    (tmp_path / "model.ubj").write_bytes(stored)
    done = subprocess.run(
        [sys.executable, "-c", MUTATIONS, tmp_path / "model.ubj", "1", "400"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
