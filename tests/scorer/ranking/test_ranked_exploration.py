"""Exploration in the weekly batch: shares, draws and propensities of ranked rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scorer.ranking import exploration
from scorer.ranking.batch import (
    rank_batch,
)
from scorer.ranking.context import StrategyContext
from tests.support.ranking_inputs import AS_OF, candidates, context

SCORES = {"a": [0.1], "b": [0.3], "c": [0.2]}


def ranked(ctx: StrategyContext, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Ranked rows as dictionaries."""
    return rank_batch(ctx, batch).to_pylist()


PROFILES = [f"p{i}" for i in range(20_000)]


@pytest.fixture(scope="module")
def explored() -> pa.Table:
    """Ranked rows of 20,000 profiles, 10 % exploration, four offers of which one is not ready."""
    ctx = context(SCORES, "abcn", exploration_share=0.1, top_k=4)
    return pa.Table.from_batches([rank_batch(ctx, candidates(PROFILES))])


def test_ten_percent_of_profiles_explore(explored: pa.Table) -> None:
    """A tenth of profiles explores, by bucket and at all ranks, within binomial bounds."""
    rows = explored.select(["profile_id", "is_exploration", "policy", "traffic_type"]).to_pylist()
    explorers = {r["profile_id"] for r in rows if r["is_exploration"]}
    low, high = stats.binom.interval(0.999, len(PROFILES), 0.1)
    assert low <= len(explorers) <= high
    buckets = exploration.buckets("s", AS_OF.date(), PROFILES)
    assert explorers == {p for p, b in zip(PROFILES, buckets, strict=True) if b < 0.1}
    assert {(r["policy"], r["traffic_type"]) for r in rows if r["is_exploration"]} == {
        ("uniform", "random")
    }
    assert sum(r["profile_id"] in explorers for r in rows) == 4 * len(explorers)


def test_explored_ranks_are_uniform_over_all_eligible_offers(explored: pa.Table) -> None:
    """The chi-square test holds at every rank, also for an unready offer."""
    rows = [r for r in explored.to_pylist() if r["is_exploration"]]
    for rank in (1, 2, 3, 4):
        counts = Counter(r["offer_id"] for r in rows if r["rank"] == rank)
        assert set(counts) == set("abcn")
        assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_exploration_rows_carry_the_models_score(explored: pa.Table) -> None:
    """The score belongs to the offer, not to the arm."""
    scores = {(r["offer_id"], r["score"]) for r in explored.to_pylist()}
    assert scores == {("a", 0.1), ("b", 0.3), ("c", 0.2), ("n", 0.1)}


def test_propensities_match_observed_frequencies(explored: pa.Table) -> None:
    """At every rank each offer is seen as often as its propensity says, and they sum to 1."""
    rows = explored.to_pylist()
    for rank in (1, 2, 3, 4):
        seen = [r for r in rows if r["rank"] == rank]
        stated = {r["offer_id"]: r["propensity"] for r in seen}
        assert sum(stated.values()) == pytest.approx(1)
        counts = Counter(r["offer_id"] for r in seen)
        for offer_id, propensity in stated.items():
            low, high = stats.binom.interval(0.9999, len(seen), propensity)
            assert low <= counts[offer_id] <= high


def test_an_explorer_who_draws_the_models_offer_has_its_propensity(explored: pa.Table) -> None:
    """The propensity is that of the whole mixture, not of the arm."""
    got = {
        (r["offer_id"], r["is_exploration"]): r["propensity"]
        for r in explored.to_pylist()
        if r["rank"] == 1
    }
    assert got["b", True] == got["b", False] == pytest.approx(0.925)
    assert got["a", True] == pytest.approx(0.025)


@pytest.mark.parametrize(("share", "expected"), [(0.0, {1.0}), (1.0, {0.25})])
def test_the_edges_of_the_share(share: float, expected: set[float]) -> None:
    """With share 0 the model ranks everybody, with share 1 every order is uniform."""
    ctx = context(SCORES, "abcn", exploration_share=share)
    assert {r["propensity"] for r in ranked(ctx, candidates(PROFILES[:50]))} == expected


def test_a_single_eligible_offer_has_propensity_one() -> None:
    """With a single eligible offer, every arm shows it, so the propensity is 1."""
    ctx = context({"a": [0.5]}, "a", exploration_share=0.5)
    assert {r["propensity"] for r in ranked(ctx, candidates(PROFILES[:50]))} == {1.0}


@settings(max_examples=20)
@given(st.permutations(range(40)), st.integers(1, 40))
def test_a_decision_does_not_depend_on_the_others(order: list[int], size: int) -> None:
    """Shuffling or removing profiles does not change the rows of the others."""
    ctx = context(SCORES, "abcn", exploration_share=0.5)
    whole = {(r["profile_id"], r["rank"]): r for r in ranked(ctx, candidates(PROFILES[:40]))}
    chosen = [PROFILES[i] for i in order[:size]]
    for row in ranked(ctx, candidates(chosen)):
        assert row == whole[row["profile_id"], row["rank"]]


def test_the_next_cycle_draws_other_explorers() -> None:
    """The explorers of two consecutive cycles overlap only by chance."""
    ctx = context(SCORES, exploration_share=0.1)
    later = replace(ctx, as_of=ctx.valid_to)
    batch = candidates(PROFILES[:2000])
    now, then = (
        {r["profile_id"] for r in ranked(c, batch) if r["is_exploration"]} for c in (ctx, later)
    )
    low, high = stats.binom.interval(0.999, 2000, 0.01)
    assert low <= len(now & then) <= high
