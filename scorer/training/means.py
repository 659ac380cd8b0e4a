"""Mean reward of each offer, and the best single offer that follows from it."""

from __future__ import annotations

import numpy as np

from scorer.arrays import Vector
from scorer.models.best_single import BestSingle
from scorer.models.objectives import capped
from scorer.ope.estimators import FLOOR
from scorer.training.examples import Examples

SHRINK_DISPLAYS = 50.0


def offer_means(examples: Examples) -> Vector:
    """Propensity-weighted mean reward of all offers, shrunk towards the overall mean, (n_offers,).

    Weights are 1 / propensity, clipped at 1 / FLOOR. While rows with a known propensity are fewer
    than SHRINK_DISPLAYS per offer, all rows count with weight 1; after that, rows with an unknown
    propensity do not count. Rows from before an offer changed never count. The overall mean
    weighs as much as SHRINK_DISPLAYS displays against the effective number of displays of an
    offer, (sum of weights)^2 / sum of squares. Amounts are capped as for all models; the total
    that the cap removes is given back evenly to all offers.
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
