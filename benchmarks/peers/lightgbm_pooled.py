"""LightGBM over (offer, user): the offer as a categorical column, or one-hot and sparse.

31 leaves, learning rate 0.1; early stopping (30 rounds, at most 400) on a random fifth chooses the
rounds, then all rows are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import scipy.sparse as sp

from benchmarks.feedback import FeedbackLog, Scores
from benchmarks.peers.crossing import crossed_scores
from scorer.arrays import Matrix

MAX_ROUNDS = 400
PATIENCE = 30
SETTINGS: dict[str, Any] = {"num_leaves": 31, "learning_rate": 0.1, "num_threads": 1}

Assemble = Callable[[Matrix, np.ndarray], Any]


def fit_categorical(log: FeedbackLog) -> Scores:
    """Offer codes in one categorical column."""

    def assemble(users: Matrix, offers: np.ndarray) -> Matrix:
        return np.column_stack([offers.astype(np.float32), users])

    return _fit(log, assemble, [0, *(1 + j for j in _categories(log))])


def fit_onehot(log: FeedbackLog) -> Scores:
    """One column per offer, after the user columns; categories of users stay categorical."""
    n = len(log.offer_ids)

    def assemble(users: Matrix, offers: np.ndarray) -> Any:
        rows = np.arange(offers.size + 1)
        hot = sp.csr_matrix((np.ones(offers.size, np.float32), offers, rows), (offers.size, n))
        return sp.hstack([sp.csr_matrix(users), hot], format="csr")

    return _fit(log, assemble, _categories(log))


def _categories(log: FeedbackLog) -> list[int]:
    return [j for j, kind in enumerate(log.schema.feature_types) if kind == "c"]


def _fit(log: FeedbackLog, assemble: Assemble, categories: list[int]) -> Scores:
    goal = "binary" if log.is_binary else "regression"
    settings = SETTINGS | {"objective": goal, "verbosity": -1}
    matrix, stops = assemble(log.users, log.offers), lgb.early_stopping(PATIENCE, verbose=False)

    def dataset(rows: Any, reference: lgb.Dataset | None = None) -> lgb.Dataset:
        return lgb.Dataset(
            matrix[rows], log.rewards[rows], reference, categorical_feature=categories
        )

    fitting = dataset(~log.validates)
    holdout = dataset(log.validates, fitting)
    first = lgb.train(settings, fitting, MAX_ROUNDS, valid_sets=[holdout], callbacks=[stops])
    booster = lgb.train(settings, dataset(slice(None)), first.best_iteration)

    def predict(users: Matrix, offers: np.ndarray) -> np.ndarray:
        return np.asarray(booster.predict(assemble(users, offers), raw_score=True))

    return crossed_scores(log, predict)
