"""The best single offer: everybody gets the offer with the highest mean; no personalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.arrays import Mask, Matrix, Vector
from scorer.features import FeatureSchema
from scorer.models.objectives import capped
from scorer.ope.estimators import FLOOR
from scorer.training.examples import Examples

SHRINK_DISPLAYS = 50.0


@dataclass(frozen=True)
class BestSingle:
    """Scores are each offer's mean, float64 (n_offers,), the same for every user."""

    schema: FeatureSchema
    offer_ids: tuple[str, ...]
    means: Vector
    kind = "best_single"

    def score(self, users: Matrix) -> Vector:
        """Means of the offers, float64 (n_users, n_offers)."""
        return np.tile(self.means, (users.shape[0], 1))

    def personalises(self, users: Matrix) -> Mask:
        """Nobody's order is the user's own."""
        return np.zeros(users.shape[0], dtype=np.bool_)


def offer_means(examples: Examples) -> Vector:
    """Propensity-weighted mean reward of all offers, shrunk to the overall mean, (n_offers,).

    Weights are 1 / propensity, clipped at 1 / FLOOR. Rows whose propensity is not known count like
    the others, with weight 1 each, while those with a known one are fewer than SHRINK_DISPLAYS an
    offer; after that not at all. Rows from before an offer changed never count. The overall mean
    weighs as much as SHRINK_DISPLAYS displays against the offer's effective number of displays,
    (sum of weights)^2 / sum of squares.
    Amounts are capped as for all models, and what the cap takes is given back to all alike.
    """
    n = len(examples.catalogue.all)
    known = ~np.isnan(examples.propensity)
    if known.sum() < SHRINK_DISPLAYS * n:
        weights = np.ones(len(examples))
    else:
        weights = 1 / np.maximum(np.where(known, examples.propensity, 1.0), FLOOR)
        weights = np.where(known, weights, 0.0)
    weights = np.where(examples.outdated, 0.0, weights)
    rewards = capped(examples.rewards, examples.kpi_type)
    sums = np.bincount(examples.offers, weights * rewards, n)
    counts = np.bincount(examples.offers, weights, n)
    squares = np.bincount(examples.offers, weights**2, n)
    overall = sums.sum() / max(counts.sum(), 1e-300)
    means = np.where(counts > 0, sums / np.maximum(counts, 1e-300), overall)
    effective = np.where(squares > 0, counts**2 / np.maximum(squares, 1e-300), 0.0)
    lost = weights @ (examples.rewards - rewards) / max(counts.sum(), 1e-300)
    shrunk = (effective * means + SHRINK_DISPLAYS * overall) / (effective + SHRINK_DISPLAYS)
    return shrunk + lost


def fit_best_single(examples: Examples) -> BestSingle:
    """Fit on the examples of all offers; only the ready ones are scored."""
    ready = examples.catalogue.ready
    return BestSingle(examples.schema, ready, offer_means(examples)[: len(ready)])
