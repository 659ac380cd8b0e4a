"""Examples: rows that train, rows that evaluate, and offers that could have been shown."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import StrategyError
from scorer.ope.estimators import FLOOR
from scorer.training.examples import Examples, Offers, encode_examples
from scorer.training.means import fit_best_single, offer_means
from tests.support.benches import bench, catalogue
from tests.support.training_inputs import WORKED_SCHEMA, declared, examples, worked_example

NONE = declared()
ABC = Offers(("a", "b"), ("c",), np.ones((2, 1)), np.full(2, np.nan))


def encoded(table: pa.Table, offers: Offers = ABC, **options: object) -> Examples:
    """Examples without features."""
    return encode_examples(table, NONE, offers, "binary", **options)  # type: ignore[arg-type]


def shown(offers: str, rewards: list[float] | None = None, **columns: object) -> pa.Table:
    """One display of the offer of each letter."""
    return examples(dict(columns), list(offers), rewards or [0.0] * len(offers))


def test_rows_are_in_time_order_whatever_order_they_come_in() -> None:
    """Rows are in order of time, ties by display_id."""
    table = shown("abcab", [1, 2, 3, 4, 5])
    made = encoded(table.take([3, 0, 4, 2, 1]))
    assert made.rewards.tolist() == [1, 2, 3, 4, 5]
    assert made.offers.tolist() == [0, 1, 2, 0, 1]
    assert len(made) == 5


def test_only_ready_offers_train() -> None:
    """Rows of offers outside of the strategy and without a reward are left out."""
    made = encoded(shown("abcx", [0, 1, 0, 1]))
    assert made.trains.tolist() == [True, True, False]
    open_label = shown("ab").set_column(3, "reward", pa.array([None, 1.0]))
    assert encoded(open_label).offers.tolist() == [1]
    with pytest.raises(StrategyError, match="no display of a ready offer"):
        encoded(shown("xy"))


def test_only_first_positions_with_a_known_propensity_evaluate() -> None:
    """Only first positions with a propensity evaluate; an unknown position is not the first."""
    position = pa.array([1, 2, 1, None, 1])
    propensity = pa.array([0.5, 0.5, None, 0.5, 0.1])
    made = encoded(shown("abaab", position=position, propensity=propensity))
    assert made.evaluates.tolist() == [True, False, False, False, True]
    assert made.trains.all()


def test_without_those_columns_nothing_evaluates() -> None:
    """Without these columns, displays are first ones of unknown propensity and distinct people."""
    made = encoded(shown("ab", [0, 2]))
    assert not made.evaluates.any()
    assert made.first.all()
    assert made.profiles.tolist() == [0, 1]
    assert made.successes.tolist() == [False, True]


def test_a_success_may_have_no_reward() -> None:
    """is_success decides, not the reward; NULL is not a success."""
    made = encoded(shown("abb", [0, 0, 5], is_success=pa.array([True, None, True])))
    assert made.successes.tolist() == [True, False, True]


def test_people_are_numbered_by_their_id() -> None:
    """Codes of people do not depend on the row order."""
    made = encoded(shown("abab", profile_id=["q", "p", "q", "r"]))
    assert made.profiles.tolist() == [1, 0, 1, 2]


def test_an_eligibility_set_limits_what_could_have_been_shown() -> None:
    """An unknown or missing set allows only the offer shown."""
    sets = {"all": frozenset("abc"), "b": frozenset("bx")}
    ids = pa.array(["all", "b", "b", "gone", None])
    made = encoded(shown("aaccb", eligibility_set_id=ids), sets=sets)
    expected = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(made.eligible, np.array(expected, dtype=bool))


def test_without_sets_everything_could_have_been_shown() -> None:
    """Without sets, all offers could have been shown."""
    assert encoded(shown("ab", eligibility_set_id=["x", "y"])).eligible.all()


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9), st.data())
def test_an_offer_that_was_shown_is_always_eligible(offers: list[str], data: st.DataObject) -> None:
    """The offer shown is eligible, even if the sets do not contain it."""
    n = len(offers)
    ids = data.draw(st.lists(st.sampled_from(["s", "t", None]), min_size=n, max_size=n))
    sets = {"s": data.draw(st.frozensets(st.sampled_from("abc"))), "t": frozenset[str]()}
    made = encoded(shown("".join(offers), eligibility_set_id=pa.array(ids, pa.string())), sets=sets)
    assert made.eligible[np.arange(n), made.offers].all()


def test_rows_can_be_taken() -> None:
    """Rows are taken by mask or index, in every array."""
    made = encoded(shown("abcab", [1, 2, 3, 4, 5], profile_id=list("pqrst")))
    part = made.take(np.array([4, 0]))
    assert (part.rewards.tolist(), part.offers.tolist()) == ([5, 1], [1, 0])
    assert part.profiles.tolist() == [4, 0]
    assert part.eligible.shape == (2, 3)
    assert len(made.take(made.rewards > 3)) == 2


def test_the_best_single_offer_is_weighted_by_propensity() -> None:
    """An offer shown mostly to good customers has the larger raw mean and is not the best.

    Good customers (half) respond to a at 30 %, to b at 40 %; others at 5 % and 15 %. Good ones see
    a nine times in ten, others b.
    """
    rng = np.random.default_rng(0)
    n = 20_000
    good = rng.random(n) < 0.5
    propensity_of_a = np.where(good, 0.9, 0.1)
    is_a = rng.random(n) < propensity_of_a
    rate = np.where(is_a, 0, 0.1) + np.where(good, 0.3, 0.05)
    rewards = (rng.random(n) < rate).astype(float)
    propensity = np.where(is_a, propensity_of_a, 1 - propensity_of_a)
    table = examples({"propensity": propensity}, ["a" if a else "b" for a in is_a], rewards)
    assert rewards[is_a].mean() > rewards[~is_a].mean()
    means = offer_means(encoded(table))
    np.testing.assert_allclose(means[:2], [0.175, 0.275], atol=0.02)
    model = fit_best_single(encoded(table))
    assert model.offer_ids[int(model.means.argmax())] == "b"


def test_means_are_shrunk_to_the_overall_one() -> None:
    """The overall mean counts as fifty displays; an offer never shown has exactly that mean."""
    made = encoded(shown("a" * 50 + "b" * 150, [1.0] * 50 + [0.0] * 150))
    np.testing.assert_allclose(offer_means(made), [0.625, 0.0625, 0.25])


def test_rows_of_unknown_propensity_count_while_too_few_are_known() -> None:
    """Few rows with a known propensity do not replace all others."""
    rewards = [1.0] * 200 + [0.0] * 200
    for known, mean in ((200, 1.0), (10, 0.5), (0, 0.5)):
        propensity = pa.array([0.5] * known + [None] * (400 - known), pa.float64())
        made = encoded(shown("ab" * 200, rewards, propensity=propensity))
        np.testing.assert_allclose(offer_means(made), [mean] * 3)


def test_a_tiny_propensity_counts_as_the_floor() -> None:
    """A propensity below the floor counts as the floor, as in every evaluation."""
    means = []
    for least in (1e-9, FLOOR):
        propensity = [least] + [0.5] * 399
        table = shown("a" * 200 + "b" * 200, [1.0] + [0.0] * 399, propensity=propensity)
        means.append(offer_means(encoded(table)))
    np.testing.assert_array_equal(means[0], means[1])


def test_the_best_single_scores_the_ready_offers_alike_for_all() -> None:
    """The best single offer scores ready offers and personalises nobody."""
    made = bench(worked_example(0, 100), offers=catalogue(("offer_1",), ("offer_2",)))
    model = fit_best_single(made.examples)
    users = np.zeros((3, 2), dtype=np.float32)
    assert model.offer_ids == ("offer_1",)
    assert model.score(users).tolist() == [[model.means[0]]] * 3
    assert not model.personalises(users).any()
    assert model.schema == WORKED_SCHEMA
