"""Mean reward of each offer, and the best single offer that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from scorer.arrays import Codes, Vector
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
    offer, (sum of weights)^2 / sum of squares. Amounts are capped as for all models. The mean of
    the removed excess is added again, per offer, shrunk towards the mean of all offers by
    :func:`_given_back`. One large purchase thus does not make an offer the best, but a truly longer
    tail does.
    """
    n = len(examples.catalogue.all)
    known = ~np.isnan(examples.propensity)
    if known.sum() < SHRINK_DISPLAYS * n:
        weights = np.ones(len(examples))
    else:
        weights = 1 / np.maximum(np.where(known, examples.propensity, 1.0), FLOOR)
        weights = np.where(known, weights, 0.0)
    weights = np.where(examples.outdated | examples.unseen, 0.0, weights)
    rewards = capped(examples.rewards, examples.kpi_type)
    sums = np.bincount(examples.offers, weights * rewards, n)
    counts = np.bincount(examples.offers, weights, n)
    squares = np.bincount(examples.offers, weights**2, n)
    overall = sums.sum() / max(counts.sum(), 1e-300)
    means = np.where(counts > 0, sums / np.maximum(counts, 1e-300), overall)
    effective = np.where(squares > 0, counts**2 / np.maximum(squares, 1e-300), 0.0)
    lost = _given_back(examples.offers, weights, examples.rewards - rewards, n)
    shrunk = (effective * means + SHRINK_DISPLAYS * overall) / (effective + SHRINK_DISPLAYS)
    return shrunk + lost


def _given_back(offers: Codes, weights: Vector, excess: Vector, n: int) -> Vector:
    """Mean excess over the cap of each offer, shrunk towards that of all, float64 (n,).

    Empirical Bayes: the weight of the own means is 1 - v / b, at least 0, with v their average
    sampling variance and b the variance between them (B. Efron, C. Morris (1975), Data analysis
    using Stein's estimator and its generalizations, JASA 70). One weight for all: the mean of an
    offer without large purchases is not as certain as its small variance suggests.
    """
    counts = np.bincount(offers, weights, n)
    shown = counts > 0
    overall = float(weights @ excess) / max(float(counts.sum()), 1e-300)
    if not excess.any() or shown.sum() < 2:
        return np.full(n, overall)
    counts = np.where(shown, counts, 1.0)
    means = np.bincount(offers, weights * excess, n) / counts
    variance = np.bincount(offers, (weights * (excess - means[offers])) ** 2, n) / counts**2
    between = float(((means[shown] - overall) ** 2).sum()) / (int(shown.sum()) - 1)
    own = max(1 - float(variance[shown].mean()) / max(between, 1e-300), 0.0)
    return np.where(shown, overall + own * (means - overall), overall)


@dataclass(frozen=True)
class BestChoice:
    """The best single offer, the next best, and the probability that the first earns more.

    ``probability`` is Phi of the difference of their mean rewards in standard errors.
    """

    offer_id: str
    next_offer_id: str
    probability: float


def best_choice(examples: Examples) -> BestChoice:
    """Return the certainty of the choice of the best single offer."""
    ready = examples.catalogue.ready
    means = offer_means(examples)[: len(ready)]
    first, second = np.argsort(-means, kind="stable")[:2].tolist()
    weights = 1 / np.maximum(np.nan_to_num(examples.propensity, nan=1.0), FLOOR)
    variance = 0.0
    for code in (first, second):
        rows = (examples.offers == code) & ~examples.outdated & ~examples.unseen
        own, rewards = weights[rows], examples.rewards[rows]
        total = max(float(own.sum()), 1e-300)
        variance += float(((own * (rewards - own @ rewards / total)) ** 2).sum()) / total**2
    error = max(float(np.sqrt(variance)), 1e-300)
    sure = NormalDist().cdf(float(means[first] - means[second]) / error)
    return BestChoice(ready[first], ready[second], sure)


def fit_best_single(examples: Examples) -> BestSingle:
    """Fit on the examples of all offers; only the ready ones are scored."""
    ready = examples.catalogue.ready
    return BestSingle(examples.schema, ready, offer_means(examples)[: len(ready)])
