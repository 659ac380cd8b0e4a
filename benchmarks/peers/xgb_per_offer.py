"""One XGBoost model per offer, trained only on the displays of the offer.

Depth 4, eta 0.1, starting from the shrunk mean of the offer. All offers have the same number of
rounds (at most 100), the one with the lowest total loss on a random fifth; then all rows are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import xgboost as xgb

from benchmarks.feedback import FeedbackLog, Scores
from benchmarks.peers.best_single import shrunk_means
from benchmarks.peers.xgb_native import objective

MAX_ROUNDS = 100
SETTINGS: dict[str, Any] = {"tree_method": "hist", "max_depth": 4, "eta": 0.1, "nthread": 1}


def fit(log: FeedbackLog) -> Scores:
    means = shrunk_means(log)
    own = [np.flatnonzero(log.offers == offer) for offer in range(len(log.offer_ids))]
    losses = sum(_losses(log, rows, means[offer]) for offer, rows in enumerate(own))
    rounds = int(np.argmin(losses))
    boosters = [
        xgb.train(_settings(log, means[offer]), _matrix(log, rows), rounds) if rows.size else None
        for offer, rows in enumerate(own)
    ]

    def scores(table: pa.Table) -> np.ndarray:
        users = log.encode(table)
        result = np.tile(means, (users.shape[0], 1))
        for offer, booster in enumerate(boosters):
            if booster is not None:
                result[:, offer] = booster.inplace_predict(users)
        return result

    return scores


def _losses(log: FeedbackLog, rows: np.ndarray, mean: float) -> np.ndarray:
    """Summed validation loss of one offer after 0, 1, .. MAX_ROUNDS rounds."""
    validating = rows[log.validates[rows]]
    fitting = rows[~log.validates[rows]]
    if fitting.size == 0 or validating.size == 0:
        return np.zeros(MAX_ROUNDS + 1)
    holdout, history = _matrix(log, validating), {}  # type: ignore[var-annotated]
    settings = _settings(log, mean)
    xgb.train(
        settings,
        _matrix(log, fitting),
        MAX_ROUNDS,
        evals=[(holdout, "validation")],
        evals_result=history,
        verbose_eval=False,
    )
    found = np.array(history["validation"][settings["eval_metric"]])
    start = _start_loss(log, log.rewards[validating], mean)
    per_row = np.concatenate([[start], found if log.is_binary else found**2])
    return per_row * validating.size


def _start_loss(log: FeedbackLog, rewards: np.ndarray, mean: float) -> float:
    """Loss per row of the mean of the offer."""
    if log.is_binary:
        return float(-np.mean(np.where(rewards > 0, np.log(mean), np.log1p(-mean))))
    return float(np.mean((rewards - mean) ** 2))


def _settings(log: FeedbackLog, mean: float) -> dict[str, Any]:
    return SETTINGS | objective(log) | {"base_score": mean}


def _matrix(log: FeedbackLog, rows: np.ndarray) -> xgb.DMatrix:
    return xgb.DMatrix(
        log.users[rows],
        label=log.rewards[rows],
        feature_types=log.schema.feature_types,
        enable_categorical=True,
        nthread=1,
    )
