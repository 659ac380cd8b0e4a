"""Trees grown on codes of missing categories answer for NaN as for the codes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.models.boosting import TreeData, grow_rounds
from scorer.models.missing_categories import filled, with_nan

TYPES, CODES = ("c", "c", "q"), np.array([np.nan, 4, np.nan], dtype=np.float32)
PARAMETERS = {"tree_method": "hist", "max_cat_to_onehot": 6, "objective": "binary:logistic"}


def data(seed: int, missing: float, numbers_missing: float = 0.0) -> TreeData:
    """Rows of three offers; who has no category prefers the first offer, who is number 1 none."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 3, (800, 3)).astype(np.float32)
    matrix[rng.random(800) < missing, 1] = np.nan
    matrix[rng.random(800) < numbers_missing, 2] = np.nan
    rate = np.where(np.isnan(matrix[:, 1]), 0.2 + 0.6 * (matrix[:, 0] == 0), 0.3)
    rate = np.where(matrix[:, 2] == 1, 0.1, rate)
    return TreeData(matrix, TYPES, (rng.random(800) < rate).astype(float))


def margins(booster: xgb.Booster, matrix: np.ndarray) -> np.ndarray:
    """Return the margins of rows."""
    return booster.inplace_predict(matrix, predict_type="margin")


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100), st.sampled_from([0.0, 0.02, 0.4]), st.sampled_from([0.0, 0.2]))
def test_nan_is_answered_as_its_code(seed: int, missing: float, numbers: float) -> None:
    """A booster gives a row with NaN the margin of the same row with the code of its column."""
    rows = data(seed, missing, numbers)
    coded = filled(rows.matrix, CODES)
    booster = grow_rounds(replace(rows, matrix=coded), PARAMETERS, 8)
    found = margins(with_nan(booster, CODES), rows.matrix)
    np.testing.assert_array_equal(found, margins(booster, coded))


def test_people_without_a_category_are_a_group_of_their_own() -> None:
    """The offer that they prefer has the highest margin for them, and for nobody else."""
    rows = data(1, 0.3)
    coded = replace(rows, matrix=filled(rows.matrix, CODES))
    booster = with_nan(grow_rounds(coded, PARAMETERS, 10), CODES)
    first, second, third = (
        margins(booster, np.array([[o, np.nan, 0], [o, 1, 0]], np.float32)) for o in range(3)
    )
    assert first[0] > max(second[0], third[0]) + 1
    assert max(first[1], second[1], third[1]) < first[0] - 1


def test_rows_without_missing_categories_stay_as_they_are() -> None:
    """A missing number alone changes nothing, because its column is no category."""
    rows = data(2, 0.0, numbers_missing=0.5)
    assert filled(rows.matrix, CODES) is rows.matrix
