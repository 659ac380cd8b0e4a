"""The order of ranked offers: scores, ties, unready offers, eligibility, fallback."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.errors import ConfigurationError
from scorer.ranking.batch import (
    RANKED_SCHEMA,
    rank_batch,
)
from scorer.ranking.context import Offer, StrategyContext
from tests.support.ranking_inputs import AS_OF, candidates, context

CONTRACT_COLUMNS = (
    "strategy_id, cycle_date, profile_id, activity_id, scope_id, placement_id, rank, offer_id,"
    " offer_name, score, traffic_type, is_exploration, policy, arm, propensity, eligible_count,"
    " model_version, valid_from, valid_to"
)
SCORES = {"a": [0.1], "b": [0.3], "c": [0.2]}


def ranked(ctx: StrategyContext, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Ranked rows as dictionaries."""
    return rank_batch(ctx, batch).to_pylist()


def offers(ctx: StrategyContext, batch: pa.RecordBatch) -> str:
    """Ranked offers of all rows as one string."""
    return "".join(r["offer_id"] for r in ranked(ctx, batch))


def test_columns_are_those_of_the_contract() -> None:
    """Ranked rows have the columns of the contract, in its order."""
    assert RANKED_SCHEMA.names == CONTRACT_COLUMNS.split(", ")


def test_personalised_rows_are_ordered_by_score() -> None:
    """Rows of the model are in order of the score, and each column has its stated value."""
    first, *_, last = ranked(context(SCORES), candidates(["p"]))
    assert first == {
        "strategy_id": "s",
        "cycle_date": AS_OF.date(),
        "profile_id": "p",
        "activity_id": "act",
        "scope_id": "scope",
        "placement_id": "web",
        "rank": 1,
        "offer_id": "b",
        "offer_name": None,
        "score": 0.3,
        "traffic_type": "contextual",
        "is_exploration": False,
        "policy": "model",
        "arm": "personalised",
        "propensity": 1.0,
        "eligible_count": 3,
        "model_version": "v1",
        "valid_from": AS_OF,
        "valid_to": AS_OF.replace(day=29),
    }
    assert (last["rank"], last["offer_id"], last["score"]) == (3, "a", 0.1)


def test_equal_scores_are_ordered_by_priority_then_offer_id() -> None:
    """Ties go to the higher priority, then to the smaller id; a better score beats both."""
    catalogue = [Offer("a"), Offer("b", priority=5), Offer("c", priority=5), Offer("d")]
    scores = {"a": [0.2], "b": [0.2], "c": [0.2], "d": [0.9]}
    assert offers(context(scores, catalogue, top_k=4), candidates(["p"])) == "dbca"


@given(st.permutations("abcd"), st.lists(st.sampled_from([0.1, 0.2]), min_size=4, max_size=4))
def test_ties_do_not_depend_on_the_order_of_catalogue_or_model(
    listed: list[str], values: list[float]
) -> None:
    """Rows follow (-score, offer_id) for any order of the catalogue and of the model."""
    scores = dict(zip("abcd", values, strict=True))
    ctx = context({o: [scores[o]] for o in reversed(listed)}, listed, top_k=4)
    expected = "".join(sorted("abcd", key=lambda o: (-scores[o], o)))
    assert offers(ctx, candidates(["p"])) == expected


def test_an_offer_that_is_not_ready_ranks_last_with_the_worst_score() -> None:
    """An unready offer ranks below every ready one, even one that ties at lower priority."""
    ctx = context(SCORES, ["a", "b", "c", Offer("new", priority=9)], top_k=4)
    rows = ranked(ctx, candidates(["p"]))
    assert [r["offer_id"] for r in rows] == ["b", "c", "a", "new"]
    assert rows[3]["score"] == rows[2]["score"] == 0.1


def test_the_worst_score_is_that_of_the_eligible_ready_offers() -> None:
    """The score of an ineligible ready offer is used only if no ready offer is eligible."""
    excluded = pa.array([["a"], ["a", "b", "c"]])
    batch = candidates(["p", "q"], excluded_offer_ids=excluded)
    rows = ranked(context(SCORES, "abcn", top_k=4), batch)
    assert [(r["offer_id"], r["score"]) for r in rows] == [
        ("b", 0.3),
        ("c", 0.2),
        ("n", 0.2),
        ("n", 0.1),
    ]


def test_an_offer_of_the_model_that_is_ready_no_more_is_treated_as_not_ready() -> None:
    """The old score of an offer that is no longer ready is not used."""
    ctx = context(SCORES, ready_offer_ids=frozenset("ac"))
    rows = ranked(ctx, candidates(["p"]))
    assert [(r["offer_id"], r["score"]) for r in rows] == [("c", 0.2), ("a", 0.1), ("b", 0.1)]


def test_a_ready_offer_unknown_to_the_model_is_treated_as_not_ready() -> None:
    """An older model keeps ranking when a new offer becomes ready."""
    ctx = context(SCORES, "abcn", ready_offer_ids=frozenset("abcn"), top_k=4)
    assert offers(ctx, candidates(["p"])) == "bcan"


@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1),
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.integers(1, 8),
)
def test_rows_hold_the_best_eligible_offers_once(
    values: dict[str, float], eligible: set[str], top_k: int
) -> None:
    """A profile has min(k, eligible) rows without repetition, ready offers first, by score."""
    sets = {"all": frozenset(eligible)}
    ctx = context({o: [v] for o, v in values.items()}, "abcdef", eligibility=sets, top_k=top_k)
    rows = ranked(ctx, candidates(["p"]))
    ids = [r["offer_id"] for r in rows]
    assert len(set(ids)) == len(ids) == min(top_k, len(eligible))
    assert set(ids) <= eligible
    assert [r["rank"] for r in rows] == list(range(1, len(ids) + 1))
    assert {r["eligible_count"] for r in rows} == {len(eligible)}
    readiness = [o in values for o in ids]
    assert readiness == sorted(readiness, reverse=True)
    scores = [r["score"] for r in rows]
    assert scores == sorted(scores, reverse=True)


def test_excluded_offers_are_left_out_for_that_profile_only() -> None:
    """A cap or a rule for one user does not change the rows of others."""
    batch = candidates(["p", "q"], excluded_offer_ids=pa.array([["b", "unheard of"], None]))
    assert offers(context(SCORES), batch) == "ca" + "bca"


FALLBACKS = [
    Offer("f1", is_fallback=True, priority=1),
    Offer("f2", is_fallback=True, priority=2),
    Offer("f3", is_fallback=True, priority=9, placement_ids=("mail",)),
    Offer("f4", is_fallback=True, priority=1),
]


@pytest.mark.parametrize("scores", [SCORES, None])
def test_fallback_offers_show_when_nothing_is_eligible(scores: Any) -> None:
    """Fallback offers of the placement show by priority, then id; propensity 1 and no score."""
    batch = candidates(["p", "q"], eligibility_set_id=["none", "all"])
    rows = ranked(context(scores, ["a", "b", "c", *FALLBACKS]), batch)
    shown = [r for r in rows if r["profile_id"] == "p"]
    assert [r["offer_id"] for r in shown] == ["f2", "f1", "f4"]
    assert [r["rank"] for r in shown] == [1, 2, 3]
    for row in shown:
        assert row["traffic_type"] == "noncontextual"
        assert row["policy"] == "fallback"
        assert (row["propensity"], row["eligible_count"]) == (1.0, 0)
        assert row["is_exploration"] is False
        assert row["score"] is None
    assert {r["offer_id"] for r in rows if r["profile_id"] == "q"} == {"a", "b", "c"}


def test_a_fallback_offer_is_never_ranked_normally() -> None:
    """A fallback offer does not compete, even if an eligibility set contains it."""
    sets = {"all": frozenset({"a", "f1"})}
    ctx = context(SCORES, ["a", *FALLBACKS], eligibility=sets)
    assert offers(ctx, candidates(["p"])) == "a"


@pytest.mark.parametrize("set_id", ["none", "unknown", None])
def test_nothing_eligible_and_no_fallback_gives_no_row(set_id: str | None) -> None:
    """An empty, an unknown and a missing set all give no row."""
    batch = candidates(["p"], eligibility_set_id=pa.array([set_id], pa.string()))
    assert ranked(context(SCORES), batch) == []


def test_an_empty_strategy_ranks_nothing() -> None:
    """A strategy without offers or without candidates is not an error."""
    assert ranked(context(None, ""), candidates(["p"])) == []
    assert ranked(context(SCORES), candidates([])) == []


def test_before_the_first_model_everything_is_random() -> None:
    """Rows are uniform with propensity 1/n, no score and no version, whatever the share."""
    rows = ranked(context(None, "abcde", exploration_share=0.1), candidates(["p", "q"]))
    assert len(rows) == 6
    for row in rows:
        assert (row["traffic_type"], row["policy"]) == ("random", "uniform")
        assert row["is_exploration"] is True
        assert row["propensity"] == pytest.approx(1 / 5)
        assert row["score"] is None
        assert row["model_version"] is None


def test_a_model_of_which_no_offer_is_ready_is_not_used() -> None:
    """If no ready offer has a score, all traffic is random."""
    rows = ranked(context(SCORES, ready_offer_ids=frozenset("x")), candidates(["p"]))
    assert {(r["policy"], r["model_version"]) for r in rows} == {("uniform", None)}


def test_an_impossible_top_k_is_refused() -> None:
    """A `top_k` below 1 is refused."""
    with pytest.raises(ConfigurationError, match="top_k must be 1 or more, got 0"):
        context(SCORES, top_k=0)
