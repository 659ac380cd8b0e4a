"""Fits of the interaction base converge where a rare segment clicks far more often."""

from __future__ import annotations

import pytest

from benchmarks.newton_sweep import diverges, planted


@pytest.mark.parametrize("offers", [2, 50])
@pytest.mark.parametrize("rates", [(0.005, 0.1), (0.01, 0.015), (0.001, 0.05)])
def test_a_rare_segment_does_not_make_the_fit_diverge(
    offers: int, rates: tuple[float, float]
) -> None:
    """A segment of 5 % among 20,000 displays, on every second of 2 and of 50 offers."""
    assert not diverges(planted(offers, rates, 0.05, 20_000))
