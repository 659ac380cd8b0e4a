"""Informed exploration: offers with little data come first more often."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scorer.ranking.batch import rank_batch
from scorer.ranking.informed import chances, first_chances, informed_order
from tests.support.ranking_inputs import candidates, context

PROFILES = [f"p{i}" for i in range(20_000)]
SCORES = {"a": [0.1], "b": [0.3], "c": [0.2]}
PROGRESS = {"a": 3.0, "b": 9.0, "c": 1.0}


def ranked(**changes: Any) -> list[dict[str, Any]]:
    """Ranked rows where everybody but the model's 60 % explores; the offer n is new."""
    settings = {"exploration_share": 0.4, "exploration": "informed", "progress": PROGRESS}
    ctx = context(SCORES, "abcn", top_k=4, **(settings | changes))
    return rank_batch(ctx, candidates(PROFILES)).to_pylist()


def test_a_new_offer_comes_first_most_often() -> None:
    """Among ready offers, its probability is more than twice that of uniform exploration."""
    first = first_chances(np.array([3.0, 9.0, 2.0, 0.0]), np.ones((1, 4), dtype=bool))[0]
    assert first.argsort().tolist() == [1, 0, 2, 3]
    assert first[3] > 2 * 0.25
    assert first.min() >= 0.2 * 0.25


def test_propensities_match_observed_frequencies() -> None:
    """At every rank each offer is seen as often as its propensity says, and they sum to 1."""
    rows = ranked()
    assert {r["policy"] for r in rows if r["is_exploration"]} == {"informed"}
    for rank in (1, 2, 3, 4):
        seen = [r for r in rows if r["rank"] == rank]
        stated = {r["offer_id"]: r["propensity"] for r in seen}
        assert sum(stated.values()) == pytest.approx(1)
        counts = Counter(r["offer_id"] for r in seen)
        for offer_id, propensity in stated.items():
            low, high = stats.binom.interval(0.9999, len(seen), propensity)
            assert low <= counts[offer_id] <= high


def test_the_same_people_explore_either_way() -> None:
    """The kind of exploration changes orders, not who explores."""
    informed, uniform = (
        {r["profile_id"] for r in rows if r["is_exploration"]}
        for rows in (ranked(), ranked(exploration="uniform"))
    )
    assert informed == uniform


def test_everything_is_uniform_before_the_first_model() -> None:
    """Without a model no offer is favoured."""
    ctx = context(None, "abc", exploration="informed", progress=PROGRESS)
    rows = rank_batch(ctx, candidates(PROFILES[:50])).to_pylist()
    assert {(r["policy"], r["propensity"]) for r in rows} == {("uniform", 1 / 3)}


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.integers(0, 2**63),
)
def test_orders_are_permutations_of_the_eligible_offers(
    progress: list[float], allowed: list[bool], draw: int
) -> None:
    """For any progress, every eligible offer comes once, before ineligible ones."""
    n = len(progress)
    eligible = np.array([allowed[:n]])
    offers = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E37)
    drawn = np.array([draw], dtype=np.uint64)
    order = informed_order(drawn, offers, np.array(progress), eligible, n)[0]
    count = int(eligible.sum())
    assert sorted(order[:count]) == np.flatnonzero(eligible[0]).tolist()


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=6))
def test_chances_of_every_place_sum_to_one(progress: list[float]) -> None:
    """Over the offers at a place, and every offer has at least a fifth of its uniform share."""
    n = len(progress)
    eligible = np.ones((n, n), dtype=bool)
    for place in range(n):
        found = chances(np.array(progress), eligible, np.full(n, place), np.arange(n))
        assert found.sum() == pytest.approx(1)
        if place == 0:
            assert found.min() >= 0.2 / n - 1e-12
