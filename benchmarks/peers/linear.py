"""Scores of models that are linear in (offer, user, offer x user)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.feedback import FeedbackLog, Floats, Scores


def linear_scores(log: FeedbackLog, intercepts: Floats, weights: Floats) -> Scores:
    """Margins ``intercepts + columns @ weights``; weights (n_columns, n_offers)."""

    def scores(table: pa.Table) -> np.ndarray:
        return intercepts + log.columns.matrix(log.encode(table)) @ weights

    return scores
