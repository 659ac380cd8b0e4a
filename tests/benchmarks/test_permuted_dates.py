"""Permuted dates contain no change, for every kind of KPI."""

from __future__ import annotations

import pytest

from benchmarks.permuted_dates import KINDS, false_alarms


@pytest.mark.parametrize("kind", KINDS)
def test_no_offer_changes_where_dates_are_permuted(kind: str) -> None:
    """Four logs of each kind of KPI, amounts around zero and heavy tails included."""
    assert sum(false_alarms(kind, 6_000, seed) for seed in range(4)) == 0
