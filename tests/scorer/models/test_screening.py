"""Screening of pairs finds planted pairs, and almost none in null worlds."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.models.design import Design
from scorer.models.screening import MAX_PAIRS, screen_pairs
from tests.support.training_inputs import declared

ROWS = 3000


def screened(outcomes_of: object, seed: int, n_offers: int = 4, width: int = 20) -> list[set[int]]:
    """Pairs of 0/1 features that are found; outcomes_of(users, offers) gives the rate."""
    rng = np.random.default_rng(seed)
    users = rng.integers(0, 2, (ROWS, width)).astype(np.float32)
    offers = rng.integers(0, n_offers, ROWS)
    schema = declared(*((f"s{i}", "segment", "boolean") for i in range(width)))
    design = Design.fit(users, schema)
    rate = outcomes_of(users, offers)  # type: ignore[operator]
    outcomes = (rng.random(ROWS) < rate).astype(float)
    mean = np.array([outcomes[offers == a].mean() for a in range(n_offers)])[offers]
    pairs = screen_pairs(design, design.matrix(users), offers, outcomes - mean, mean * (1 - mean))
    return [{design.columns[i].feature, design.columns[j].feature} for i, j in pairs]


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_xnor_pair_comes_first_among_noise(seed: int) -> None:
    """A pair is found if one of four offers depends on it and neither feature matters alone."""

    def rate(users: np.ndarray, offers: np.ndarray) -> np.ndarray:
        agree = users[:, 3] == users[:, 11]
        return np.where((offers == 1) & agree, 0.4, 0.15)

    found = screened(rate, seed)
    assert found[0] == {3, 11}
    assert len(found) <= 4


def test_almost_nothing_is_found_where_nothing_is() -> None:
    """In 8 null worlds, fewer than one in a hundred of 190 pairs is found."""
    found = [len(screened(lambda u, o: np.full(len(u), 0.2), seed)) for seed in range(8)]
    assert sum(found) < 0.01 * 190 * 8


def test_pairs_are_of_two_different_features_and_few() -> None:
    """The number of pairs is limited even if all features interact."""

    def rate(users: np.ndarray, offers: np.ndarray) -> np.ndarray:
        return 0.05 + 0.9 * (users.sum(axis=1) + offers) % 2

    def all_pairs(users: np.ndarray, offers: np.ndarray) -> np.ndarray:
        return np.where(np.abs(users.sum(axis=1) - 10) < 2, 0.7, 0.1) * (1 + offers) / 4

    for truth in (rate, all_pairs):
        found = screened(truth, 0)
        assert all(len(pair) == 2 for pair in found)
        assert len(found) <= MAX_PAIRS


def test_no_feature_and_no_row_give_no_pair() -> None:
    """Designs without testable columns have no pairs."""
    empty = Design(())
    zeros = np.zeros(0)
    assert screen_pairs(empty, np.ones((0, 1), np.float32), zeros.astype(int), zeros, zeros) == ()
    design = Design.fit(
        np.tile([[0], [1]], (50, 1)).astype(np.float32), declared(("s", "segment", "boolean"))
    )
    matrix = np.ones((0, design.width), np.float32)
    assert screen_pairs(design, matrix, zeros.astype(int), zeros, zeros) == ()
