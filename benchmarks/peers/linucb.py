"""mabwiser's LinUCB: one ridge regression per offer, greedy when measured.

``alpha`` 0 leaves out the exploration bonus, which has no benefit with a fixed log. The ridge
penalty is chosen on a random fifth of the rows by squared error; then all rows are used. More than
300 thousand rows are subsampled at random.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from mabwiser.mab import MAB, LearningPolicy

from benchmarks.feedback import FeedbackLog, Floats, Scores
from scorer.arrays import Codes

ALPHA = 0.0
PENALTIES = (1.0, 30.0, 300.0)
MAX_ROWS = 300_000


def fit(log: FeedbackLog) -> Scores:
    rows = np.arange(len(log))
    if rows.size > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
    penalty = min(PENALTIES, key=lambda found: _loss(log, rows, found))
    bandit = _fit(log, rows, penalty)

    def scores(table: pa.Table) -> np.ndarray:
        return _expectations(log, bandit, log.encode(table))

    return scores


def _fit(log: FeedbackLog, rows: Codes, penalty: float) -> MAB:
    policy = LearningPolicy.LinUCB(alpha=ALPHA, l2_lambda=penalty)
    bandit = MAB(list(range(len(log.offer_ids))), policy, seed=0)
    bandit.fit(log.offers[rows], log.rewards[rows], _contexts(log, log.users[rows]))
    return bandit


def _loss(log: FeedbackLog, rows: Codes, penalty: float) -> float:
    bandit = _fit(log, rows[~log.validates[rows]], penalty)
    holdout = rows[log.validates[rows]][:20_000]
    expected = _expectations(log, bandit, log.users[holdout])
    chosen = expected[np.arange(holdout.size), log.offers[holdout]]
    return float(np.mean((log.rewards[holdout] - chosen) ** 2))


def _expectations(log: FeedbackLog, bandit: MAB, users: np.ndarray) -> Floats:
    found = bandit.predict_expectations(_contexts(log, users))
    found = found if isinstance(found, list) else [found]
    return np.array([[row[arm] for arm in bandit.arms] for row in found])


def _contexts(log: FeedbackLog, users: np.ndarray) -> Floats:
    columns = log.columns.matrix(users).astype(np.float64)
    return np.hstack([np.ones((users.shape[0], 1)), columns])
