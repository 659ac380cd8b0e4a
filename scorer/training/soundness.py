"""Refuse a final fit that contradicts the data or the fits without each fold.

The estimates of a candidate come from fits without each fold; the final fit is another one. If it
failed, its estimates would describe a model that is not deployed.
"""

from __future__ import annotations

import numpy as np

from scorer.arrays import Vector
from scorer.models.protocol import RewardModel
from scorer.training.cross_fitting import Scored
from scorer.training.workbench import EVERYTHING, Workbench

_ROWS = 20_000
_FROM_BASE = ("interaction_base", "residual_trees", "average", "linear_average")
# A loss counts as higher than that of the mean if it is so by 3 standard errors or by 5 %.
_Z = 3.0
_WORSE = 0.05
# Mean scores of the offers chosen may differ from those of the folds by this factor.
_FACTOR = 2.0


def flaw(bench: Workbench, scored: Scored, name: str, model: RewardModel) -> str | None:
    """Return the reason why a final fit must not be deployed, or None.

    ``model`` is the fit before it is calibrated, like those without each fold.
    """
    if name in _FROM_BASE and not bench.has_converged(EVERYTHING):
        return f"{name}: the fit of the interaction base did not converge"
    if name == "success_value" and not bench.has_converged(EVERYTHING, "logit"):
        return f"{name}: the fit of P(success) did not converge"
    return _worse_than_mean(bench, name, model) or _unlike_folds(bench, scored, name, model)


def _worse_than_mean(bench: Workbench, name: str, model: RewardModel) -> str | None:
    examples = bench.examples
    rows = _some(np.flatnonzero(examples.trains))
    outcomes, scale = bench.outcomes[rows], bench.objective.scale
    scores = model.shown(examples.users[rows], examples.offers[rows]) / scale
    if not np.isfinite(scores).all():
        return f"{name}: some scores are not finite"
    if name == "success_value" and bench.objective.link == "log":
        # The values of this model are on the scale of the rewards, not of the capped outcomes.
        scores = scores * float(outcomes.mean() * scale / examples.rewards[rows].mean())
    null = _losses(np.full(len(rows), outcomes.mean()), outcomes, bench.objective.link)
    excess = _losses(scores, outcomes, bench.objective.link) - null
    error = float(excess.std()) / np.sqrt(len(rows))
    if excess.mean() > min(_Z * error, _WORSE * abs(float(null.mean()))) + 1e-12:
        return f"{name}: the final fit predicts worse than the mean"
    return None


def _losses(scores: Vector, outcomes: Vector, link: str) -> Vector:
    if link == "logit":
        p = np.clip(scores, 1e-12, 1 - 1e-12)
        return -(outcomes * np.log(p) + (1 - outcomes) * np.log1p(-p))
    if link == "log":
        mean = np.maximum(scores, 1e-12)
        return mean - outcomes * np.log(mean)
    return (outcomes - scores) ** 2


def _unlike_folds(bench: Workbench, scored: Scored, name: str, model: RewardModel) -> str | None:
    examples, c = bench.examples, scored.names.index(name)
    rows = _some(np.flatnonzero(examples.evaluates & (scored.choice[c] >= 0)))
    if not len(rows):
        return None
    may = examples.take(rows).allowed[:, : len(examples.catalogue.ready)]
    scores = np.where(may, model.score(examples.users[rows]), -np.inf)
    final, folds = float(scores.max(axis=1).mean()), float(scored.at_choice[c, c, rows].mean())
    if bench.objective.link == "identity":
        is_alike = abs(final - folds) <= bench.objective.scale
    else:
        is_alike = folds / _FACTOR <= final <= folds * _FACTOR
    if is_alike:
        return None
    return (
        f"{name}: the final fit expects {final:.4g} of the offers it chooses, those without each"
        f" fold {folds:.4g}"
    )


def _some(rows: np.ndarray) -> np.ndarray:
    """At most 20,000 of the rows, evenly spaced."""
    return rows[:: max(1, -(-len(rows) // _ROWS))]
