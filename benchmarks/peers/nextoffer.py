"""Ours, as it would be deployed: the one place where the benchmarks meet the scorer's training."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.feedback import FeedbackLog, Scores
from scorer.features import encode_users
from scorer.training import TrainingPlan, train


def ours(log: FeedbackLog) -> Scores:
    """Train on the log; offers in ``log.offer_ids`` order (sorted)."""
    plan = TrainingPlan(log.kpi_type, log.offer_ids)
    model = train(log.examples, log.declared, plan).model

    def scores(users: pa.Table) -> np.ndarray:
        return model.score(encode_users(users, model.schema))

    return scores
