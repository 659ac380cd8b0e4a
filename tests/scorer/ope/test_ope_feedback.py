"""Validation of inputs: shapes and ranges, with the first bad row."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.ope import LoggedFeedback, TargetPolicy

ONES = np.ones(3)
CODES = np.arange(3)


@pytest.mark.parametrize("propensity", [0.0, -0.1, 1.5, np.nan])
def test_a_propensity_outside_its_range_is_refused_with_its_row(propensity: float) -> None:
    """Propensities are probabilities above 0; the message names the first bad row."""
    with pytest.raises(ValueError, match=r"propensity: expected .* in row 1"):
        LoggedFeedback(ONES, np.array([0.5, propensity, 0.5]), CODES)


def test_arrays_of_different_lengths_are_refused() -> None:
    """One display has one reward, one propensity and one profile."""
    with pytest.raises(ValueError, match=r"propensity: expected shape \(3,\)"):
        LoggedFeedback(ONES, np.ones(2), CODES)
    with pytest.raises(ValueError, match="cluster: expected 3 integers"):
        LoggedFeedback(ONES, ONES, np.arange(2))
    with pytest.raises(ValueError, match=r"logged: expected shape \(3,\)"):
        TargetPolicy(ONES, ONES, np.ones(4))


def test_an_immature_label_is_refused() -> None:
    """A reward that is not known yet is refused."""
    with pytest.raises(ValueError, match="reward: expected a finite number, got nan in row 2"):
        LoggedFeedback(np.array([0.0, 1.0, np.nan]), ONES, CODES)


def test_profiles_that_are_not_integers_are_refused() -> None:
    """Clusters must be integer codes, so that a float id never groups by accident."""
    with pytest.raises(ValueError, match="cluster: expected 3 integers"):
        LoggedFeedback(ONES, ONES, np.array([0.0, 1.0, 2.0]))


def test_a_policy_probability_above_one_is_refused() -> None:
    """Probabilities of the logged offer lie between 0 and 1."""
    with pytest.raises(ValueError, match=r"probability: expected in \[0, 1\], got 1\.2 in row 0"):
        TargetPolicy(np.array([1.2, 0.0, 0.0]), ONES, ONES)


def test_binary_means_only_zeros_and_ones() -> None:
    """Amounts make a log continuous, two levels of them leave it two-valued."""
    assert LoggedFeedback(np.array([0.0, 1.0, 1.0]), ONES, CODES).is_binary
    amounts = LoggedFeedback(np.array([0.0, 2.5, 2.5]), ONES, CODES)
    assert not amounts.is_binary
    assert amounts.levels == (0.0, 2.5)
    assert LoggedFeedback(np.array([0.0, 1.0, 2.0]), ONES, CODES).levels is None


def test_profiles_are_counted_whatever_their_codes() -> None:
    """Large or negative codes are renumbered, small ones taken as they are."""
    for cluster in ([0, 5, 5], [10**15, -3, -3]):
        assert LoggedFeedback(ONES, ONES, np.array(cluster)).n_profiles == 2
