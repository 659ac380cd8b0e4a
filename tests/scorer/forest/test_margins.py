"""The margins of the factorised forest equal those of XGBoost bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.errors import InputError
from scorer.forest import FactorisedForest, factorised, reference
from tests.support.forests import OBJECTIVES, Case, Shape, random_case

SHAPES = st.builds(
    Shape,
    n_trees=st.integers(1, 12),
    depth=st.integers(1, 6),
    n_offers=st.integers(1, 130),
    n_users=st.integers(1, 130),
    offer_columns=st.sampled_from([(0,), (1,), (0, 2), (3, 0, 1)]),
    codes=st.sampled_from([2, 6, 70, 300]),
    objective=st.sampled_from(OBJECTIVES),
)


@pytest.fixture(params=["kernels", "numpy"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test with both engines."""
    if request.param == "numpy":
        monkeypatch.setattr(factorised, "engine", lambda: reference)
    return request.param


def compiled(case: Case) -> FactorisedForest:
    """The forest of a case."""
    return FactorisedForest(case.booster, case.offers, case.offer_columns)


def assert_same_bits(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Assert that arrays are equal, distinguishing 0.0 from -0.0."""
    np.testing.assert_array_equal(ours.view(np.int32), theirs.view(np.int32))


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_margins_equal_xgboosts(shape: Shape, seed: int) -> None:
    """Random cases score exactly, with and without base margins, in batches and alone."""
    draw = np.random.default_rng(seed)
    case = random_case(shape, draw)
    forest, expected = compiled(case), case.expected()
    assert_same_bits(forest.score(case.users), expected)
    assert_same_bits(forest.score_one(case.users[0]), expected[0])
    start = draw.normal(size=expected.shape).astype(np.float32)
    expected = case.expected(start)
    assert_same_bits(forest.score(case.users, start), expected)
    assert_same_bits(forest.score_one(case.users[0], start[0]), expected[0])


@settings(max_examples=20, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_plain_numpy_does_the_same_as_the_kernels(shape: Shape, seed: int) -> None:
    """Without numba, the fallback is exact too."""
    case = random_case(shape, np.random.default_rng(seed))
    forest = compiled(case)
    margins = np.empty((len(case.users), forest.n_offers), dtype=np.float32)
    none = np.empty((0, forest.n_offers), dtype=np.float32)
    reference.score_blocks(forest.program, case.users, none, margins)
    assert_same_bits(margins, case.expected())


@pytest.mark.parametrize(
    "shape",
    [
        Shape(n_trees=500, depth=3, n_offers=20),
        Shape(n_trees=4, depth=10, n_offers=100),
        Shape(n_trees=20, depth=5, n_offers=1000, offer_columns=(0, 1, 2), codes=40),
        Shape(n_trees=1, depth=0, n_offers=3),
    ],
    ids=["500 trees", "depth 10", "1,000 offers", "a single leaf"],
)
def test_large_and_small_forests_equal_xgboosts(shape: Shape) -> None:
    """Margins are exact at the documented limits."""
    case = random_case(shape, np.random.default_rng(1))
    assert_same_bits(compiled(case).score(case.users), case.expected())


@pytest.mark.parametrize("one_hot", [True, False], ids=["one-hot splits", "partition splits"])
def test_fitted_boosters_score_as_xgboost_scores_them(one_hot: bool) -> None:
    """Trees grown by XGBoost, with offers as one categorical column, score exactly."""
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(4000, 6)).astype(np.float32)
    rows[:, 0], rows[:, 1] = draw.integers(0, 30, 4000), draw.integers(0, 5, 4000)
    rows[draw.random((4000, 6)) < 0.1] = np.nan
    outcomes = draw.random(4000) < 0.2 + 0.3 * (rows[:, 0] % 3 == 0) * (rows[:, 2] > 0)
    data = xgb.QuantileDMatrix(
        rows, label=outcomes, feature_types=list("ccqqqq"), enable_categorical=True
    )
    parameters = {"objective": "binary:logistic", "max_cat_to_onehot": 99 if one_hot else 2}
    booster = xgb.train({**parameters, "nthread": 1}, data, 20)
    offers = np.arange(32, dtype=np.float32)[:, None]
    case = Case(booster, offers, (0,), rows[:200, 1:])
    assert_same_bits(compiled(case).score(case.users), case.expected())


def test_offers_with_equal_columns_get_equal_margins() -> None:
    """Offers are defined by their columns; equal columns give equal margins."""
    case = random_case(Shape(), np.random.default_rng(3))
    twins = replace(case, offers=np.repeat(case.offers[:1], 5, axis=0))
    margins = compiled(twins).score(twins.users)
    assert_same_bits(margins, np.repeat(margins[:, :1], 5, axis=1))
    assert_same_bits(margins, twins.expected())


def test_trees_without_an_offer_split_tell_no_offers_apart() -> None:
    """Every offer gets the margin of the user, which differs between users."""
    shape = Shape(offer_columns=(0,), split_on=(1, 2, 3))
    case = random_case(shape, np.random.default_rng(4))
    margins = compiled(case).score(case.users)
    assert_same_bits(margins, case.expected())
    assert_same_bits(margins, np.repeat(margins[:, :1], 7, axis=1))
    assert np.unique(margins[:, 0]).size > 10


@pytest.mark.parametrize("n_users", [0, 1, 63, 64, 65])
def test_blocks_need_not_be_full(n_users: int, engine: str) -> None:
    """Users beyond a multiple of 64 are scored like all other users."""
    case = random_case(Shape(n_users=65), np.random.default_rng(5))
    forest = compiled(case)
    users = case.users[:n_users]
    assert_same_bits(forest.score(users), case.expected()[:n_users])
    assert forest.top_k(users, 2).columns.shape == (n_users, 2)


def test_threads_change_nothing() -> None:
    """Two threads give the same margins as one."""
    case = random_case(Shape(n_users=3000, n_trees=3), np.random.default_rng(6))
    one, two = (
        FactorisedForest(case.booster, case.offers, case.offer_columns, threads=n) for n in (1, 2)
    )
    assert_same_bits(one.score(case.users), two.score(case.users))
    np.testing.assert_array_equal(one.top_k(case.users, 3)[0], two.top_k(case.users, 3)[0])


def test_other_layouts_and_read_only_users_are_welcome() -> None:
    """A transposed, a float64 and a read-only array score alike."""
    case = random_case(Shape(), np.random.default_rng(7))
    forest = compiled(case)
    locked = case.users.copy()
    locked.flags.writeable = False
    for users in (np.asfortranarray(case.users), case.users.astype(np.float64), locked):
        assert_same_bits(forest.score(users), case.expected())


def test_no_offer_gives_no_column() -> None:
    """Without offers there is nothing to score or to rank."""
    case = random_case(Shape(), np.random.default_rng(8))
    forest = FactorisedForest(case.booster, case.offers[:0], case.offer_columns)
    assert forest.score(case.users).shape == (70, 0)
    assert forest.top_k(case.users, 2).columns.tolist() == [[-1, -1]] * 70
    assert forest.score_one(case.users[0]).shape == (0,)


def test_shapes_that_do_not_fit_are_refused() -> None:
    """Errors about users, base margins and offers state the expected shape."""
    case = random_case(Shape(), np.random.default_rng(9))
    forest = compiled(case)
    with pytest.raises(InputError, match=r"users have shape \(70, 3\)"):
        forest.score(case.users[:, :3])
    with pytest.raises(InputError, match=r"base margins have shape \(1, 7\), expected \(70, 7\)"):
        forest.score(case.users, np.zeros((1, 7), dtype=np.float32))
    with pytest.raises(InputError, match=r"the user has shape \(3,\)"):
        forest.score_one(case.users[0, :3])
    with pytest.raises(InputError, match="offer columns"):
        FactorisedForest(case.booster, case.offers, (0, 6))
    with pytest.raises(InputError, match="offers have shape"):
        FactorisedForest(case.booster, case.offers, (0,))
