"""Informed exploration: offers with little data get the first place more often.

A fifth of the draws of the first place are uniform. The others favour offers far from ready::

    p = 0.2 / n + 0.8 v / sum of v over the n eligible offers,    v = 1 / (1 + progress)

where ``progress`` is the ratio of data to the readiness thresholds: 0 without a display, 1 once it
is ready, 10 at ten times the thresholds. All other places follow in a uniform random order, so an
offer takes each of them with probability ``(1 - p) / (n - 1)``.
"""

from __future__ import annotations

import numpy as np

from scorer.arrays import Codes, Mask, Vector
from scorer.ranking.exploration import Keys, random_order, splitmix64

UNIFORM_PART = 0.2
_BITS = 53


def first_chances(progress: Vector, eligible: Mask) -> Vector:
    """Probability of the first place, float64 (n, n_offers); rows sum to 1, ineligible are 0.

    ``progress`` is float64 (n_offers,), 0 or more; ``eligible`` is (n, n_offers). Rows without an
    eligible offer are 0.
    """
    wanted = eligible / (1 + progress)
    total = np.maximum(wanted.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    count = np.maximum(eligible.sum(axis=1, keepdims=True), 1)
    return (1 - UNIFORM_PART) * wanted / total + UNIFORM_PART * eligible / count


def chances(progress: Vector, eligible: Mask, places: Codes, columns: Codes) -> Vector:
    """Probability that a row draws ``columns[i]`` at place ``places[i]`` (from 0), float64 (n,)."""
    first = first_chances(progress, eligible)[np.arange(len(columns)), columns]
    others = np.maximum(eligible.sum(axis=1) - 1, 1)
    return np.where(places == 0, first, (1 - first) / others)


def informed_order(draws: Keys, offers: Keys, progress: Vector, eligible: Mask, k: int) -> Codes:
    """First k places of every row, int64 (n, min(k, n_offers)); ineligible offers come last."""
    chosen = np.cumsum(first_chances(progress, eligible), axis=1)
    numbers = (splitmix64(draws) >> np.uint64(64 - _BITS)) / 2.0**_BITS
    first = (chosen > (numbers * chosen[:, -1])[:, None]).argmax(axis=1)
    rest = eligible.copy()
    rest[np.arange(len(first)), first] = False
    followers = random_order(draws, offers, rest, k - 1) if k > 1 else first[:, None][:, :0]
    order = np.concatenate([first[:, None], followers], axis=1)
    return order[:, : eligible.shape[1]]
