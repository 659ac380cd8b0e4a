"""Correct for positions: lower ones are looked at less, whatever offer they hold.

A model orders favourites first, so that their displays at lower positions are few and other offers
look worse than they are. Under the examination hypothesis, a display at position k is looked at
with a chance t(k), whatever its offer, and earns what it would earn at position 1 if it is::

    t(k) = v(k) / v(1),    v(k) = sum of reward / propensity over sum of 1 / propensity

``v(k)`` is what position k earns in uniform traffic, so that it does not depend on who was shown
what. Displays at position k without a success that were not looked at tell nothing of the offer:
of those without a success, a share ``1 - t(k)`` is left out of training, by lot. What is left
succeeds as often as at position 1, as long as successes are rare.

References:
----------
M. Richardson, E. Dominowska, R. Ragno (2007), Predicting clicks: estimating the click-through rate
for new ads (examination hypothesis). T. Joachims, A. Swaminathan, T. Schnabel (2017), Unbiased
learning-to-rank with biased feedback (propensities of positions from randomised displays).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scorer.ope.estimators import FLOOR
from scorer.training.examples import Examples

_ENOUGH_SUCCESSES = 100
_LEAST = 0.02


def chances_of_a_look(examples: Examples) -> dict[int, float]:
    """Chance that a position is looked at, relative to the first one, for each lower position.

    It is at most 1. A position with fewer than 100 successes at a known propensity has the chance
    of the one above it. {} if all displays are at one position, or the first one has too few.
    """
    known = ~np.isnan(examples.propensity)
    positions = np.unique(examples.positions)
    first = _mean(examples, known & (examples.positions == 1))
    if len(positions) < 2 or first is None or first <= 0:
        return {}
    chances, last = {}, 1.0
    for position in positions[positions > 1].tolist():
        mean = _mean(examples, known & (examples.positions == position))
        if mean is not None:
            last = float(np.clip(mean / first, _LEAST, 1.0))
        chances[position] = last
    return chances


def _mean(examples: Examples, rows: np.ndarray) -> float | None:
    if np.count_nonzero(examples.successes & rows) < _ENOUGH_SUCCESSES:
        return None
    weights = 1 / np.maximum(examples.propensity[rows], FLOOR)
    return float(weights @ examples.rewards[rows] / weights.sum())


def looked_at(examples: Examples, chances: dict[int, float]) -> Examples:
    """The examples with ``unseen`` set where a display without a reward was not looked at."""
    if not chances:
        return examples
    chance = np.ones(len(examples))
    for position, value in chances.items():
        chance[examples.positions == position] = value
    drawn = np.random.default_rng(3).random(len(examples))
    return replace(examples, unseen=(examples.rewards == 0) & (drawn >= chance))
