"""XGBoost in its usual form: the offer as a native categorical column.

Depth 6, eta 0.1; early stopping (30 rounds, at most 300) on a random fifth chooses the rounds,
then all rows are used. Categories split by XGBoost's default rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost as xgb

from benchmarks.feedback import FeedbackLog, Scores
from benchmarks.peers.crossing import crossed_scores
from scorer.arrays import Matrix

MAX_ROUNDS = 300
PATIENCE = 30
SETTINGS: dict[str, Any] = {"tree_method": "hist", "max_depth": 6, "eta": 0.1, "nthread": 1}


def objective(log: FeedbackLog) -> dict[str, Any]:
    """Log loss for a binary KPI, squared error otherwise."""
    if log.is_binary:
        return {"objective": "binary:logistic", "eval_metric": "logloss"}
    return {"objective": "reg:squarederror", "eval_metric": "rmse"}


def fit(log: FeedbackLog) -> Scores:
    types = ["c", *log.schema.feature_types]
    settings = SETTINGS | objective(log)
    matrix = np.column_stack([log.offers.astype(np.float32), log.users])

    def quantised(rows: Any, ref: Any = None) -> xgb.QuantileDMatrix:
        return xgb.QuantileDMatrix(
            matrix[rows],
            label=log.rewards[rows],
            feature_types=types,
            enable_categorical=True,
            ref=ref,
            nthread=1,
        )

    fitting = quantised(~log.validates)
    first = xgb.train(
        settings,
        fitting,
        MAX_ROUNDS,
        evals=[(quantised(log.validates, fitting), "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    booster = xgb.train(settings, quantised(slice(None)), first.best_iteration + 1)

    def predict(users: Matrix, offers: np.ndarray) -> np.ndarray:
        rows = np.column_stack([offers.astype(np.float32), users])
        return booster.inplace_predict(rows, predict_type="margin")

    return crossed_scores(log, predict)
