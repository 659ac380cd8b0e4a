"""Policies learned fold by fold from the displays they are evaluated on."""

from __future__ import annotations

from functools import cache

import numpy as np

from scorer.ope.evaluation import CROSS_FITTED, PairedDifference, compare
from scorer.ope.feedback import LoggedFeedback, TargetPolicy

LOGS, DISPLAYS, FOLDS, SEGMENTS = 600, 1_500, 3, 12
# A share of 5 %, plus three of its standard errors.
MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / LOGS)


def gain(seed: int, is_cross_fitted: bool) -> PairedDifference:
    """Gain of choosing by segment over the better offer if all people are alike.

    Two offers have the same rate; each fold is served by the means of the others.
    """
    rng = np.random.default_rng(seed)
    offers, folds = rng.integers(0, 2, DISPLAYS), rng.integers(0, FOLDS, DISPLAYS)
    segments = rng.integers(0, SEGMENTS, DISPLAYS)
    rewards = (rng.random(DISPLAYS) < 0.3).astype(float)
    by_segment, single = np.zeros(DISPLAYS, dtype=int), np.zeros(DISPLAYS, dtype=int)
    signs = np.where(offers == 1, 1, -1) * (rewards - 0.3)
    for fold in range(FOLDS):
        inside = folds == fold
        preference = np.bincount(segments[~inside], signs[~inside], SEGMENTS)
        by_segment[inside] = preference[segments[inside]] > 0
        single[inside] = preference.sum() > 0
    feedback = LoggedFeedback(rewards, np.full(DISPLAYS, 0.5), np.arange(DISPLAYS))
    flat = np.full(DISPLAYS, 0.3)
    policy, baseline = (
        TargetPolicy((choice == offers).astype(float), flat, flat)
        for choice in (by_segment, single)
    )
    return compare(feedback, policy, baseline, inflation=CROSS_FITTED if is_cross_fitted else 1.0)


@cache
def gains(is_cross_fitted: bool) -> list[PairedDifference]:
    """Return the gains in all logs."""
    return [gain(seed, is_cross_fitted) for seed in range(LOGS)]


def share_proven(found: list[PairedDifference]) -> float:
    """Count the gains above 1.64 standard errors."""
    return float(np.mean([g.z is not None and g.z > 1.64 for g in found]))


def test_choosing_by_noise_is_proven_in_one_of_twenty_logs_at_most() -> None:
    """Row-wise errors would call the gain significant in one log of ten."""
    assert share_proven(gains(True)) <= MOST
    assert share_proven(gains(False)) > MOST


def test_the_interval_of_a_lift_is_rarely_above_zero() -> None:
    """In at most 1 of 40 logs, and exactly when the interval of the difference is above zero."""
    lows = [g.lift_low for g in gains(True) if g.lift_low is not None]
    assert len(lows) > LOGS / 2
    assert np.mean(np.array(lows) > 0) <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / LOGS)
    for one in gains(True)[:50]:
        if one.low is not None and one.lift_low is not None:
            assert (one.low > 0) == (one.lift_low > 0)


def test_every_error_is_wider_by_the_same() -> None:
    """Cross-fitting changes the error, not the estimate."""
    plain, wide = gain(1, False), gain(1, True)
    assert plain.standard_error is not None
    assert wide.standard_error is not None
    assert wide.standard_error / plain.standard_error == np.float64(2**0.5)
    assert wide.difference == plain.difference
    assert wide.lift == plain.lift
