"""Choose a candidate by cross-fitted doubly robust value, and estimate the value of choosing.

The candidate with the highest value is chosen. Its own estimate is biased upwards, because it won.
The gate therefore tests the value of choosing: each fold is served by the candidate that is best on
the other folds.

Of many offers, a log rarely shows the one that a policy would have shown. Evidence therefore comes
from a draw by rank: the offer of rank r among k has a probability proportional to exp(-10 r / k).
Every display carries some information about such a draw, and most of the noise of two draws
cancels, because they give most offers similar probabilities. If one order of the offers is best for
everybody, no other order earns more in a draw by rank, so false positives are no more frequent than
in a comparison of the best offers. With fewer than 15 offers, the best offers are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Codes, Mask, Vector
from scorer.ope.estimators import ESTIMATORS, importance_weights
from scorer.ope.evaluation import PairedDifference, PolicyEstimate, compare, evaluate
from scorer.ope.feedback import TargetPolicy
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import DEPLOYED
from scorer.training.logged_policies import LoggedPolicies

_AMPLE_RESPONSES = 200


@dataclass(frozen=True)
class CandidateValue:
    """Cross-fitted doubly robust value of a candidate and its paired lift over best single.

    ``by_rank`` compares draws by the ranks of both.
    """

    name: str
    value: PolicyEstimate
    over_best_single: PairedDifference
    by_rank: PairedDifference


@dataclass(frozen=True)
class Selection:
    """The best personalised candidate, the values of all, and the gain of choosing.

    ``order`` holds the personalised candidates, the best first. ``rows``, float64 (n_candidates,
    n), are their contributions to the doubly robust value at the displays of ``logged``.
    ``by_fold``, int64 (n_folds,), is the position in ``candidates`` of the one that is best on the
    other folds; ``policy`` follows it on the displays of ``logged``, and ``gain`` compares that
    policy with the best single offer. ``evidence`` compares draws by rank of both, ``drawn``
    and ``drawn_baseline``; this is what the gate judges.
    """

    chosen: str
    order: tuple[str, ...]
    candidates: tuple[CandidateValue, ...]
    rows: Vector
    by_fold: Codes
    gain: PairedDifference
    evidence: PairedDifference
    logged: LoggedPolicies
    policy: TargetPolicy
    drawn: TargetPolicy
    drawn_baseline: TargetPolicy

    def best_elsewhere(self, folds: Codes, n_folds: int) -> Codes:
        """For each fold, the position of the candidate that is best on the others, (n_folds,).

        ``folds``, int64 (n,), are those of the displays of ``logged``, of any deal.
        """
        return _best_elsewhere(self.rows, folds, n_folds)

    def policy_on(
        self, logged: LoggedPolicies, folds: Codes, held_back: Mask | None = None
    ) -> TargetPolicy:
        """The policy of choosing, at displays whose folds are int64 (n,).

        It shows the best single offer where ``held_back``, bool (n,), is True.
        """
        names = [candidate.name for candidate in self.candidates]
        part = self.by_fold[folds]
        if held_back is not None:
            part = np.where(held_back, names.index(BEST_SINGLE), part)
        return logged.patchwork(names, part)


def select(logged: LoggedPolicies, folds: Codes, n_folds: int) -> Selection:
    """Choose on the displays of ``logged``, whose folds are int64 (n,), below ``n_folds``.

    The deployed model is not a candidate, because it has seen most displays. Without displays that
    can evaluate, the first personalised candidate is chosen and every estimate is insufficient.
    """
    names = tuple(name for name in logged.scored.names if name != DEPLOYED)
    feedback = logged.feedback
    shown = {name: logged.policy(name) for name in names}
    draws, gains = shown, _over_best_single(logged, shown)
    drawn_gains = gains
    if logged.scored.has_many.any():
        draws = {name: logged.policy(name, by_rank=True) for name in names}
        drawn_gains = _over_best_single(logged, draws)
    values = tuple(
        CandidateValue(name, evaluate(feedback, shown[name]), gains[name], drawn_gains[name])
        for name in names
    )
    judged = draws if _is_thin(values[names.index(BEST_SINGLE)].value) else shown
    rows = np.stack([_contributions(logged, judged[name]) for name in names])
    totals = rows.sum(axis=1)
    personal = [i for i, name in enumerate(names) if name != BEST_SINGLE]
    order = tuple(names[i] for i in sorted(personal, key=lambda i: (-totals[i], i)))
    by_fold = _best_elsewhere(rows, folds, n_folds)
    policy = logged.patchwork(list(names), by_fold[folds])
    drawn = logged.patchwork(list(names), by_fold[folds], by_rank=True)
    return Selection(
        chosen=order[0],
        order=order,
        candidates=values,
        rows=rows,
        by_fold=by_fold,
        gain=compare(feedback, policy, shown[BEST_SINGLE], inflation=logged.inflation),
        evidence=compare(feedback, drawn, draws[BEST_SINGLE], inflation=logged.inflation),
        logged=logged,
        policy=policy,
        drawn=drawn,
        drawn_baseline=draws[BEST_SINGLE],
    )


def _over_best_single(
    logged: LoggedPolicies, policies: dict[str, TargetPolicy]
) -> dict[str, PairedDifference]:
    """Compare each policy with that of the best single offer."""
    feedback, baseline = logged.feedback, policies[BEST_SINGLE]
    return {
        name: compare(feedback, policy, baseline, inflation=logged.inflation)
        for name, policy in policies.items()
    }


def _is_thin(value: PolicyEstimate) -> bool:
    """True if a log shows the choice of one policy too rarely to compare candidates by it."""
    return value.matching_responses < _AMPLE_RESPONSES


def _contributions(logged: LoggedPolicies, policy: TargetPolicy) -> Vector:
    feedback = logged.feedback
    if feedback.displays == 0:
        return np.zeros(0)
    weights = importance_weights(feedback, policy)
    if not weights.any():
        return policy.expected
    return ESTIMATORS["dr"](feedback, policy, weights).rows


def _best_elsewhere(rows: Vector, folds: Codes, n_folds: int) -> Codes:
    """For each fold, the candidate that is best on the other folds, int64 (n_folds,)."""
    inside = np.stack([np.bincount(folds, values, n_folds) for values in rows])
    best: Codes = np.argmax(rows.sum(axis=1, keepdims=True) - inside, axis=0)
    return best
