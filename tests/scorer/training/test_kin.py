"""Kin of offers: the offers that an offer borrows from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.training.kin import MAX_KIN, kin_matrix, known_values

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just([1])
)


def kins(values: list[object]) -> set[tuple[int, ...]]:
    """Members of each kin, except the kin of all offers, of offers with one characteristic."""
    ids = [f"o{i}" for i in range(len(values))]
    told = {o: {"x": v} for o, v in zip(ids, values, strict=True) if v is not None}
    return {tuple(np.flatnonzero(c).tolist()) for c in kin_matrix(ids, told)[:, 1:].T}


def test_the_first_column_holds_all_offers() -> None:
    """All offers are one kin, also without characteristics."""
    np.testing.assert_array_equal(kin_matrix(["a", "b"], {}), np.ones((2, 1)))


def test_offers_that_share_a_value_are_kin() -> None:
    """Values of a single offer, of all offers, and missing values make no kin."""
    assert kins(["loan", "card", "loan", "card", "fund"]) == {(0, 2), (1, 3)}
    assert kins(["loan", "loan"]) == set()
    assert kins([True, None, True, False]) == {(0, 2)}


def test_numbers_are_kin_by_thirds() -> None:
    """Numbers make kin of low, middle and high; few different numbers make kin by value."""
    assert kins([1, 2, 3, 4, 5, 6]) == {(0, 1), (2, 3), (4, 5)}
    assert kins([1, 1, 2, 2]) == {(0, 1), (2, 3)}


def test_the_value_of_a_success_makes_no_kin() -> None:
    """The value of a success is not a kin."""
    told = {o: {"value_per_success": 5} for o in "ab"}
    assert kin_matrix("abc", told).shape == (3, 1)
    np.testing.assert_array_equal(known_values("abc", told), [5, 5, np.nan])


@pytest.mark.parametrize(
    "value",
    ["12", True, None, float("nan"), float("inf"), [3], 10**400],
    ids=lambda value: str(value)[:5],
)
def test_a_value_of_a_success_that_is_not_a_number_is_unknown(value: object) -> None:
    """Values that are not numbers are unknown."""
    assert np.isnan(known_values(["a"], {"a": {"value_per_success": value}})).all()


def test_equal_kins_count_once_and_the_largest_are_kept() -> None:
    """Equal kin count once, and beyond the limit the smallest are dropped."""
    offers = [f"o{i}" for i in range(200)]
    told = {o: {"x": f"x{i // 2}", "y": f"y{i // 2}", "z": i < 50} for i, o in enumerate(offers)}
    matrix = kin_matrix(offers, told)
    assert matrix.shape == (200, 1 + MAX_KIN)
    assert matrix[:, 1:].sum(axis=0).max() == 150
    assert np.unique(matrix, axis=1).shape == matrix.shape


@given(st.lists(st.dictionaries(st.sampled_from(["x", "y"]), SCALARS), min_size=1, max_size=8))
def test_any_characteristics_give_a_matrix_of_zeros_and_ones(told: list[dict[str, object]]) -> None:
    """Characteristics of any type give a matrix of zeros and ones."""
    ids = [f"o{i}" for i in range(len(told))]
    matrix = kin_matrix(ids, dict(zip(ids, told, strict=True)))
    assert matrix.shape[0] == len(ids)
    assert np.isin(matrix, [0, 1]).all()
    assert (matrix[:, 0] == 1).all()
