"""Missing categories while trees grow: an own code in place of NaN, which XGBoost grows faster on.

Without NaN, XGBoost keeps rows in a dense form; of a sparse row, it searches the bin of each
categorical split. A booster grown on codes then gets the same answers for NaN: it sends NaN to the
side of the code.
"""

from __future__ import annotations

import json

import numpy as np
import xgboost as xgb

from scorer.arrays import Matrix


def filled(matrix: Matrix, codes: Matrix) -> Matrix:
    """The rows with the code of its column for each NaN; ``codes`` (n_columns,) is NaN for numbers.

    Returns ``matrix`` itself, float32 (n, n_columns), if nothing changes.
    """
    is_missing = np.isnan(matrix)
    if not is_missing[:, ~np.isnan(codes)].any():
        return matrix
    return np.where(is_missing, codes, matrix)


def with_nan(booster: xgb.Booster, codes: Matrix) -> xgb.Booster:
    """The booster grown on filled rows, for rows with NaN.

    Each categorical split sends one category to the right, since no split has several.
    """
    model = json.loads(bytes(booster.save_raw("json")))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for node, start in zip(tree["categories_nodes"], tree["categories_segments"], strict=True):
            code = codes[tree["split_indices"][node]]
            tree["default_left"][node] = int(tree["categories"][start] != code)
    changed = xgb.Booster()
    changed.load_model(bytearray(json.dumps(model).encode()))
    return changed
