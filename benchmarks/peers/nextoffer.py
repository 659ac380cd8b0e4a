"""nextoffer as it would be deployed; the only peer that calls the training of the scorer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.feedback import FeedbackLog, Scores
from scorer.features import encode_users
from scorer.models.protocol import RewardModel
from scorer.training.plan import TrainingPlan
from scorer.training.train import Training, train


def ours(log: FeedbackLog) -> Scores:
    """The ranking that passes the gate: the chosen candidate, or the best single offer."""
    return _scores(_train(log).nominee.model)


def ours_ungated(log: FeedbackLog) -> Scores:
    """The chosen candidate without the gate, which shows the cost and the benefit of the gate."""
    return _scores(_train(log).personalised.model)


def _train(log: FeedbackLog) -> Training:
    plan = TrainingPlan(log.kpi_type, log.offer_ids, characteristics=log.characteristics)
    return train(log.examples, log.declared, plan)


def _scores(model: RewardModel) -> Scores:
    def scores(users: pa.Table) -> np.ndarray:
        return model.score(encode_users(users, model.schema))

    return scores
