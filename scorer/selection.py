"""Chooses among the candidates by cross-fitted doubly robust value, and measures the choice.

The candidate of the highest value is chosen. What the gate tests is not that winner's own
estimate, which is flattered by having won, but the value of choosing: each fold is served by the
candidate that is best on the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.ope.estimators import ESTIMATORS, importance_weights
from scorer.ope.evaluation import PairedDifference, PolicyEstimate, compare, evaluate
from scorer.ope.feedback import TargetPolicy
from scorer.rewards.candidates import BEST_SINGLE
from scorer.rewards.cross_fitting import DEPLOYED
from scorer.rewards.logged_policies import LoggedPolicies
from scorer.rewards.protocol import Codes, Vector


@dataclass(frozen=True)
class CandidateValue:
    """Cross-fitted doubly robust value of a candidate and its paired lift over best single."""

    name: str
    value: PolicyEstimate
    over_best_single: PairedDifference


@dataclass(frozen=True)
class Selection:
    """The best personalised candidate, all candidates' values, and what choosing gains.

    ``gain`` compares the policy of choosing with the best single offer; ``policy`` is that
    policy on the displays of ``logged``.
    """

    chosen: str
    candidates: tuple[CandidateValue, ...]
    gain: PairedDifference
    logged: LoggedPolicies
    policy: TargetPolicy


def select(logged: LoggedPolicies, folds: Codes) -> Selection:
    """Choose on the displays of ``logged``, whose folds are int64 (n,).

    The deployed model, which has seen most displays, is no candidate. Without any display that can
    evaluate, the first personalised candidate is chosen and every estimate is insufficient.
    """
    names = tuple(name for name in logged.scored.names if name != DEPLOYED)
    feedback, baseline = logged.feedback, logged.policy(BEST_SINGLE)
    values = tuple(
        CandidateValue(
            name,
            evaluate(feedback, logged.policy(name)),
            compare(feedback, logged.policy(name), baseline),
        )
        for name in names
    )
    rows = np.stack([_contributions(logged, logged.policy(name)) for name in names])
    personal = [i for i, name in enumerate(names) if name != BEST_SINGLE]
    totals = rows.sum(axis=1)
    chosen = names[max(personal, key=lambda i: (totals[i], -i))]
    policy = logged.patchwork(list(names), _best_elsewhere(rows, folds))
    return Selection(chosen, values, compare(feedback, policy, baseline), logged, policy)


def _contributions(logged: LoggedPolicies, policy: TargetPolicy) -> Vector:
    feedback = logged.feedback
    if feedback.displays == 0:
        return np.zeros(0)
    weights = importance_weights(feedback, policy)
    if not weights.any():
        return policy.expected
    return ESTIMATORS["dr"](feedback, policy, weights).rows


def _best_elsewhere(rows: Vector, folds: Codes) -> Codes:
    """For each display the candidate that is best on the other folds, int64 (n,)."""
    best = np.zeros(rows.shape[1], dtype=np.int64)
    totals = rows.sum(axis=1)
    for fold in np.unique(folds):
        inside = folds == fold
        best[inside] = int(np.argmax(totals - rows[:, inside].sum(axis=1)))
    return best
