"""The order of the best offers: margins, then priority, then columns; only eligible ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.errors import InputError
from scorer.forest import Eligible, FactorisedForest, TopK, factorised, reference
from tests.support.forests import Case, Shape, leaf_case, random_case

CASE = random_case(Shape(n_offers=9, n_users=90), np.random.default_rng(0))
LEAF = leaf_case(n_offers=5, n_users=2)


@pytest.fixture(params=["kernels", "numpy"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test of this file with both engines."""
    if request.param == "numpy":
        monkeypatch.setattr(factorised, "engine", lambda: reference)


def compiled(case: Case) -> FactorisedForest:
    """The forest of a case."""
    return FactorisedForest(case.booster, case.offers, case.offer_columns)


def sorted_by_hand(margins: np.ndarray, eligible: np.ndarray, priority: np.ndarray) -> list:
    """Return the columns of the eligible offers of one user, best first."""
    columns = np.flatnonzero(eligible).tolist()
    return sorted(columns, key=lambda c: (-margins[c], -priority[c], c))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_best_offers_are_those_of_a_full_sort(seed: int, k: int) -> None:
    """The order is right with many ties and with random eligibility and priority."""
    draw = np.random.default_rng(seed)
    start = draw.integers(-2, 2, (90, 9)).astype(np.float32)
    eligible = draw.random((90, 9)) < draw.random()
    priority = draw.integers(0, 3, 9)
    forest = compiled(CASE)
    margins = forest.score(CASE.users, start)
    best = forest.top_k(CASE.users, k, eligible, priority, start)
    for user in range(90):
        expected = sorted_by_hand(margins[user], eligible[user], priority)[:k]
        found = len(expected)
        assert best.columns[user].tolist() == expected + [-1] * (k - found)
        np.testing.assert_array_equal(best.margins[user, :found], margins[user, expected])
        assert np.isnan(best.margins[user, found:]).all()


def ordered(margins: list[list[float]], **options: object) -> list[list[int]]:
    """Return all five offers in order, for each row of margins."""
    start = np.array(margins, dtype=np.float32)
    users = LEAF.users[: len(margins)]
    best: TopK = compiled(LEAF).top_k(users, 5, base_margin=start, **options)
    return best.columns.tolist()


def test_ties_go_by_priority_then_column() -> None:
    """Equal margins: larger priority first, then smaller column; zeros of both signs are equal."""
    assert ordered([[0] * 5]) == [[0, 1, 2, 3, 4]]
    assert ordered([[-0.0, 0.0, -0.0, 0.0, -0.0]]) == [[0, 1, 2, 3, 4]]
    assert ordered([[0] * 5], priority=[0, 1, 0, 1, -1]) == [[1, 3, 0, 2, 4]]
    assert ordered([[1, 2, 1, 2, 3]], priority=[0, 0, 9, 9, 0]) == [[4, 3, 1, 2, 0]]


def test_what_is_no_number_comes_last_but_comes() -> None:
    """NaN and -inf tie below every other margin; they are still eligible."""
    rows = [[np.nan, -np.inf, -5, np.inf, np.nan], [-np.inf] * 5]
    assert ordered(rows) == [[3, 2, 0, 1, 4], [0, 1, 2, 3, 4]]


def test_sets_and_exclusions_say_the_same_as_a_written_out_mask() -> None:
    """A code per user with exclusions and one mask row per user give the same offers."""
    draw = np.random.default_rng(1)
    masks = draw.random((3, 9)) < 0.6
    rows = np.sort(draw.integers(0, 90, 40))
    sets = Eligible(masks, draw.integers(0, 3, 90), rows, draw.integers(0, 9, 40))
    forest = compiled(CASE)
    written = sets.mask()
    assert (written != masks[sets.codes]).any()
    lists = Eligible.listed(*np.nonzero(written), written.shape)
    for other in (written, lists, Eligible.by_user(written)):
        for mine, theirs in zip(
            forest.top_k(CASE.users, 4, sets), forest.top_k(CASE.users, 4, other), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


def test_exclusions_follow_their_users_into_threads() -> None:
    """A slice of users keeps the exclusions of those users."""
    case = random_case(Shape(n_offers=4, n_users=4096, n_trees=2), np.random.default_rng(2))
    rows = np.arange(0, 4096, 3)
    sets = Eligible(np.ones((1, 4), np.bool_), np.zeros(4096, np.int64), rows, rows % 4)
    forests = [
        FactorisedForest(case.booster, case.offers, case.offer_columns, threads=n) for n in (1, 2)
    ]
    one, two = (forest.top_k(case.users, 4, sets).columns for forest in forests)
    np.testing.assert_array_equal(one, two)
    assert (one[rows, 3] == -1).all()
    assert not (one[rows] == (rows % 4)[:, None]).any()


def test_more_places_than_offers_stay_empty() -> None:
    """A k beyond the number of offers is filled with -1."""
    best = compiled(CASE).top_k(CASE.users, 12)
    assert (best.columns[:, 9:] == -1).all()
    assert (best.columns[:, :9] >= 0).all()


def test_what_does_not_fit_is_refused() -> None:
    """k, priority and eligibility of another size; exclusions out of order or out of range."""
    forest = compiled(CASE)
    with pytest.raises(InputError, match="k must be at least 1"):
        forest.top_k(CASE.users, 0)
    with pytest.raises(InputError, match="priority"):
        forest.top_k(CASE.users, 1, priority=[1, 2])
    with pytest.raises(InputError, match="eligibility is for 2 users and 9 offers"):
        forest.top_k(CASE.users, 1, np.ones((2, 9), dtype=np.bool_))
    masks, codes = np.ones((2, 9), dtype=np.bool_), np.zeros(3, dtype=np.int64)
    for wrong, message in [
        ((masks, codes + 2), "codes must be from 0 to 1"),
        ((masks, codes, [1, 0], [0, 0]), "users ascending"),
        ((masks, codes, [0, 3], [0, 0]), "beyond the 3 given"),
        ((masks, codes, [0, 0], [0, 9]), "columns from 0 to 8"),
    ]:
        with pytest.raises(InputError, match=message):
            Eligible(*map(np.asarray, wrong))
