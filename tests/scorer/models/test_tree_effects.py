"""Effects of trees: the same numbers as those of XGBoost."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from scorer.models.tree_effects import tree_effects


def grown(depth: int) -> tuple[xgb.Booster, np.ndarray]:
    """Trees over an offer's code, numbers and categories, some of them missing."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 4, (4000, 6)).astype(np.float32)
    rows[:, 1:][rng.random((4000, 5)) < 0.1] = np.nan
    outcome = rng.random(4000) < 0.1 + 0.4 * ((rows[:, 0] == 2) & (rows[:, 2] > 1))
    types = ["c", "q", "q", "c", "c", "q"]
    data = xgb.QuantileDMatrix(rows, outcome, feature_types=types, enable_categorical=True)
    parameters = {"max_depth": depth, "objective": "binary:logistic", "max_cat_to_onehot": 9}
    booster = xgb.train(parameters, data, 12)
    return booster, rows[:40]


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_tree_effects_are_those_of_xgboost(depth: int) -> None:
    """Shapley values and the offer's interactions equal pred_contribs and pred_interactions."""
    booster, rows = grown(depth)
    types = ["c", "q", "q", "c", "c", "q"]
    data = xgb.DMatrix(rows, feature_types=types, enable_categorical=True)
    effects = tree_effects(booster, rows)
    alone = booster.predict(data, pred_contribs=True)[:, :-1]
    joint = 2 * booster.predict(data, pred_interactions=True)[:, 0, :-1]
    joint[:, 0] = 0
    np.testing.assert_allclose(effects.alone, alone, atol=1e-5)
    np.testing.assert_allclose(effects.joint, joint, atol=1e-5)
    assert np.abs(joint).max() > 0.1 or depth == 1
