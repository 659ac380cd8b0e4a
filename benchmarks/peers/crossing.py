"""Scores of pooled models: every user with every offer, piece by piece."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from benchmarks.feedback import FeedbackLog, Scores
from scorer.arrays import Matrix

_PIECE_ROWS = 500_000


def crossed_scores(log: FeedbackLog, predict: Callable[[Matrix, np.ndarray], np.ndarray]) -> Scores:
    """Scores from ``predict(users repeated, offer codes) -> (rows,)``."""
    n_offers = len(log.offer_ids)
    step = max(1, _PIECE_ROWS // n_offers)

    def scores(table: pa.Table) -> np.ndarray:
        users = log.encode(table)
        result = np.empty((users.shape[0], n_offers))
        for start in range(0, users.shape[0], step):
            piece = users[start : start + step]
            codes = np.tile(np.arange(n_offers), piece.shape[0])
            predicted = predict(np.repeat(piece, n_offers, axis=0), codes)
            result[start : start + step] = predicted.reshape(piece.shape[0], n_offers)
        return result

    return scores
