"""scikit-learn's logistic (or ridge) regression with offer x user crosses, sparse.

Columns: offers one-hot, users, every offer with every user column. The ridge penalty is chosen on
a random fifth of the rows; then all rows are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error

from benchmarks.feedback import FeedbackLog, Scores
from benchmarks.peers.linear import linear_scores

PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0)
MAX_ITERATIONS = 200


def fit(log: FeedbackLog) -> Scores:
    matrix = _crosses(log)
    penalty = min(PENALTIES, key=lambda found: _loss(log, matrix, found))
    model = _model(log, penalty).fit(matrix, log.rewards)
    n, k = len(log.offer_ids), log.columns.matrix(log.users[:1]).shape[1]
    weights = np.ravel(model.coef_)
    crosses = weights[n + k :].reshape(n, k).T
    return linear_scores(log, weights[:n], weights[n : n + k, None] + crosses)


def _crosses(log: FeedbackLog) -> sp.csr_matrix:
    """Offers, users, offers x users: (n_rows, n + k + n * k)."""
    n, rows = len(log.offer_ids), np.arange(len(log) + 1)
    offers = sp.csr_matrix((np.ones(len(log), np.float32), log.offers, rows), (len(log), n))
    users = sp.csr_matrix(log.columns.matrix(log.users))
    k = users.shape[1]
    columns = users.indices + k * np.repeat(log.offers, np.diff(users.indptr)).astype(np.int32)
    crossed = sp.csr_matrix((users.data, columns, users.indptr), (len(log), n * k))
    return sp.hstack([offers, users, crossed], format="csr")


def _model(log: FeedbackLog, penalty: float) -> Any:
    if log.is_binary:
        return LogisticRegression(C=1 / penalty, max_iter=MAX_ITERATIONS)
    return Ridge(alpha=penalty, solver="sparse_cg", max_iter=MAX_ITERATIONS)


def _loss(log: FeedbackLog, matrix: sp.csr_matrix, penalty: float) -> float:
    fitting = ~log.validates
    model = _model(log, penalty).fit(matrix[fitting], log.rewards[fitting])
    truth, holdout = log.rewards[log.validates], matrix[log.validates]
    if log.is_binary:
        return float(log_loss(truth, model.predict_proba(holdout)[:, 1]))
    return float(mean_squared_error(truth, model.predict(holdout)))
