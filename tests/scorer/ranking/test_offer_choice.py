"""Short lists, eligibility sets and draws in SQL give the same as the plain computation."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.features import FeatureSchema
from scorer.forest import Eligible
from scorer.ranking import exploration, offer_choice
from scorer.ranking.context import Deployed, Offer, StrategyContext
from scorer.ranking.eligibility import eligible_counts, take_columns, take_rows
from scorer.ranking.exploration import Draws, MixturePolicy
from scorer.ranking.offer_choice import Decisions, choose
from scorer.ranking.ranked_rows import rank_decisions
from scorer.ranking.top_k import smallest_k
from scorer.warehouse.database import connect_memory
from tests.support.benches import fitted
from tests.support.ranking_inputs import context

CYCLE = ("s", date(2026, 11, 22))
# offer_2 has priority over offer_1; a, b and z are not ready.
OFFERS = (
    Offer("a", priority=2),
    Offer("offer_1"),
    Offer("offer_2", priority=1),
    Offer("b"),
    Offer("z"),
)
N = 300


def tree_context(kind: str, **changes: object) -> StrategyContext:
    """Context whose model knows offer_1 and offer_2; a fifth of the people explore."""
    model = fitted(kind)
    settings_ = {"deployed": Deployed(model, "v"), "ready_offer_ids": frozenset(model.offer_ids)}
    return context(offers=OFFERS, exploration_share=0.2, **(settings_ | changes))


def decisions(ctx: StrategyContext, seed: int, schema: FeatureSchema) -> Decisions:
    """Random people with random eligibility sets and exclusions, some with no eligible offer."""
    rng = np.random.default_rng(seed)
    placements = rng.choice(["web", "mail"], N).tolist()
    columns = {f.column: rng.integers(0, 2, N).astype(str) for f in schema.features}
    columns |= {c: v.astype(bool) for c, v in columns.items() if c.startswith("segment")}
    rows = np.sort(rng.integers(0, N, N // 2))
    eligible = Eligible(
        np.vstack([rng.random((6, 5)) < 0.6, np.zeros((1, 5), dtype=bool)]),
        rng.integers(0, 7, N),
        rows,
        rng.integers(0, 5, rows.size),
    )
    draws = exploration.draw(ctx.policy, ctx.cycle, [f"p{i}" for i in range(N)], placements)
    users = pa.table({**columns, "placement_id": placements})
    return Decisions(users, pa.array(placements), eligible, draws)


@pytest.mark.parametrize("kind", ["pooled_trees", "residual_trees", "placement_gate"])
@pytest.mark.parametrize("top_k", [1, 2, 3, 9])
def test_short_lists_give_the_rows_that_all_scores_would(
    kind: str, top_k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are equal in every column, with ties, exclusions and offers that are not ready."""
    ctx = tree_context(kind, top_k=top_k)
    given_ = decisions(ctx, top_k, fitted(kind).schema)
    quick = rank_decisions(ctx, given_)
    monkeypatch.setattr(type(ctx.deployed.model), "short_lists", None)
    plain = rank_decisions(ctx, given_)
    assert plain.row.size > N // 2
    for name in ("row", "rank", "score", "policy", "propensity", "eligible_count"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(plain, name), err_msg=name)
    assert quick.offer_ids == plain.offer_ids


def test_trees_make_short_lists_and_tables_of_means_do_not() -> None:
    """Tree models have short lists, so that the comparison above compares two computations."""
    assert fitted("residual_trees").short_lists is not None
    assert fitted("best_single").short_lists is None


def test_most_decisions_need_no_score_of_every_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only decisions that explore, or have no ready eligible offer, get all scores."""
    ctx = tree_context("pooled_trees")
    given_ = decisions(ctx, 0, fitted("pooled_trees").schema)
    scored = []

    def count(*arguments: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        scored.append(len(arguments[1]))
        return offer_scores(*arguments)

    offer_scores = offer_choice.offer_scores
    monkeypatch.setattr("scorer.ranking.offer_choice.offer_scores", count)
    choose(ctx, given_)
    knows = ctx.score_columns >= 0
    needed = ~given_.draws.is_personalised | ~(given_.eligible.mask() & knows).any(axis=1)
    assert scored == [needed.sum()]
    assert 0 < needed.sum() < N


@given(st.integers(0, 10_000), st.integers(1, 14), st.sampled_from([np.float64, np.uint64]))
@settings(max_examples=60, deadline=None)
def test_the_smallest_keys_are_those_of_a_stable_sort(seed: int, k: int, kind: type) -> None:
    """The result equals a stable sort, with ties, for floats and integers."""
    keys = np.random.default_rng(seed).integers(0, 6, (20, 9)).astype(kind)
    expected = np.argsort(keys, axis=1, kind="stable")[:, :k]
    assert np.array_equal(smallest_k(keys.copy(), k), expected)


def random_eligible(seed: int) -> Eligible:
    """Twelve rows of three sets; exclusions repeat and include offers that are not eligible."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.integers(0, 12, 20))
    masks = rng.random((3, 5)) < 0.5
    return Eligible(masks, rng.integers(0, 3, 12), rows, rng.integers(0, 5, rows.size))


@pytest.mark.parametrize("seed", range(5))
def test_eligible_offers_are_counted_and_taken_as_in_the_mask(seed: int) -> None:
    """An exclusion counts once, and only if the set holds the offer."""
    eligible, mask = random_eligible(seed), random_eligible(seed).mask()
    some = np.arange(5) % 2 == 0
    rows = np.arange(12) % 3 > 0
    places = np.array([2, -1, 0, 3, -1])
    moved = np.zeros((12, 4), dtype=bool)
    moved[:, [2, 0, 3]] = mask[:, [0, 2, 3]]
    assert np.array_equal(eligible_counts(eligible), mask.sum(axis=1))
    assert np.array_equal(eligible_counts(eligible, some), mask[:, some].sum(axis=1))
    assert np.array_equal(take_rows(eligible, rows).mask(), mask[rows])
    assert np.array_equal(take_columns(eligible, places, 4).mask(), moved)


@pytest.mark.parametrize("shares", [(0.0,), (0.1,), (1 / 3, 0.2), (0.0, 1.0)])
def test_the_engine_draws_the_same_numbers(shares: tuple[float, ...]) -> None:
    """Draws in SQL and in Python are equal, whatever characters the ids contain."""
    policy = MixturePolicy(shares)
    profiles = [f"p{i}" for i in range(2000)] + ["O'Neil", "a|b", "é", "", "\u4e2d"]
    placements = ["web", "mail|order"] * (len(profiles) // 2) + ["it's"] * (len(profiles) % 2)
    cycle = ("s'1", CYCLE[1])
    with connect_memory() as connection:
        arm, key = exploration.draw_sql(policy, cycle)
        table = pa.table(
            {"row": range(len(profiles)), "profile_id": profiles, "placement_id": placements}
        )
        connection.register("people", table)
        found = connection.sql(
            f"select {arm} as arm, {key} as key from people order by row"
        ).to_arrow_table()
    drawn = exploration.draw(policy, cycle, profiles, placements)
    assert found["arm"].to_pylist() == drawn.arm.tolist()
    assert found["key"].to_pylist() == drawn.keys.tolist()


def test_offers_whose_score_is_no_number_come_after_those_with_a_score() -> None:
    """Offers without a finite score rank after scored offers and before unready ones."""
    ctx = context({"a": [np.nan], "b": [0.1]}, offers="abc", top_k=3)
    everything = Eligible.everything(1, 3)
    draws = Draws(np.full(1, -1), np.zeros(1, dtype=np.uint64))
    users = pa.table({"context:user": [0.0]})
    made = rank_decisions(ctx, Decisions(users, pa.array(["web"]), everything, draws))
    assert made.offer_ids.to_pylist() == ["b", "a", "c"]
