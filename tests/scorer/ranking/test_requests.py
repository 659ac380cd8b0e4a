"""Requests: ranked like the weekly batch; wrong rows are explained, not raised."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import InputError
from scorer.ranking.batch import rank_batch
from scorer.ranking.context import Deployed, Offer
from scorer.ranking.requests import REQUEST_ROWS_SCHEMA, rank_requests, with_known_eligibility
from tests.support.ranking_inputs import TableModel, candidates, context

SCORES = {"a": [0.1, 0.9], "b": [0.3, 0.2], "c": [0.2, 0.1]}
CONTRACT_COLUMNS = (
    "request_id, rank, offer_id, score, traffic_type, is_exploration, arm, propensity,"
    " model_version"
)


def requests(profile_ids: list[str | None], **columns: Any) -> pa.Table:
    """Requests r0, r1, … at placement web of user row 0, unless columns say otherwise."""
    n = len(profile_ids)
    values: dict[str, Any] = {
        "request_id": [f"r{i}" for i in range(n)],
        "profile_id": pa.array(profile_ids, pa.string()),
        "placement_id": ["web"] * n,
        "ctx_user": [0.0] * n,
    }
    return pa.table(values | columns)


def offers(table: pa.Table, **changes: Any) -> dict[str, str]:
    """Ranked offers of every request as one string."""
    result: dict[str, str] = {}
    for row in rank_requests(table, context(SCORES, **changes)).rows.to_pylist():
        result[row["request_id"]] = result.get(row["request_id"], "") + row["offer_id"]
    return result


def test_columns_are_those_of_the_contract() -> None:
    """Answers have the columns of the contract, in its order."""
    assert REQUEST_ROWS_SCHEMA.names == CONTRACT_COLUMNS.split(", ")


def test_requests_are_ranked_by_their_own_context() -> None:
    """Rows follow the order of the requests, each from rank 1 on."""
    result = rank_requests(requests(["p", "q"], ctx_user=["1", "0"]), context(SCORES))
    assert result.rejected.num_rows == 0
    rows = result.rows.to_pylist()
    assert [(r["request_id"], r["rank"], r["offer_id"]) for r in rows] == [
        ("r0", 1, "a"),
        ("r0", 2, "b"),
        ("r0", 3, "c"),
        ("r1", 1, "b"),
        ("r1", 2, "c"),
        ("r1", 3, "a"),
    ]
    assert rows[0] == {
        "request_id": "r0",
        "rank": 1,
        "offer_id": "a",
        "score": 0.9,
        "traffic_type": "contextual",
        "is_exploration": False,
        "arm": "personalised",
        "propensity": 1.0,
        "model_version": "v1",
    }


@pytest.mark.parametrize(
    "lists", [["a|c", None], [" a | c ", ""], pa.array([["a", "c"], None]), ["c|a|c", None]]
)
def test_a_candidate_list_limits_the_offers(lists: Any) -> None:
    """Offers can be a list or text; if missing, all eligible offers of the placement are ranked."""
    assert offers(requests(["p", "q"], offer_ids=lists)) == {"r0": "ca", "r1": "bca"}


def test_an_empty_list_is_no_offer() -> None:
    """An empty list, unlike a missing one, gives fallback offers."""
    lists = pa.array([[]], pa.list_(pa.string()))
    catalogue = ["a", "b", "c", Offer("f", is_fallback=True)]
    assert offers(requests(["p"], offer_ids=lists), offers=catalogue) == {"r0": "f"}


def test_a_list_may_name_offers_that_nobody_is_eligible_for() -> None:
    """Listed offers need not be eligible; those without data rank as not ready."""
    changes = {"offers": "abcn", "eligibility": {"all": frozenset("ab")}}
    changes["default_sets"] = {"web": frozenset("ab")}
    table = requests(["p", "q"], offer_ids=["n|c|a", None])
    assert offers(table, **changes) == {"r0": "can", "r1": "ba"}


def test_another_placement_gets_the_offers_that_fit_it() -> None:
    """At an unknown placement, offers that are eligible elsewhere and fit are ranked."""
    catalogue = ["a", "b", Offer("c", placement_ids=("web",))]
    table = requests(["p"], placement_id=["new place"])
    assert offers(table, offers=catalogue) == {"r0": "ba"}


def test_people_whom_the_batch_knows_keep_their_own_eligibility() -> None:
    """Known profiles get their set and exclusions at a known placement; others get the default."""
    connection = duckdb.connect()
    connection.execute(
        "create table ranking_candidates as select 's' as strategy_id, 'known' as profile_id,"
        " 'web' as placement_id, 'own' as eligibility_set_id, ['b'] as excluded_offer_ids"
    )
    table = requests(["known", "stranger", "known"], offer_ids=[None, None, "b|c"])
    table = with_known_eligibility(connection, table, "s")
    sets = {"all": frozenset("abc"), "own": frozenset("ab")}
    assert offers(table, eligibility=sets, default_sets={"web": frozenset("ac")}) == {
        "r0": "a",
        "r1": "ca",
        "r2": "bc",
    }


def test_a_request_with_nothing_to_rank_says_so() -> None:
    """A request for a placement without offers is reported with its reason and number."""
    catalogue = [Offer("a", placement_ids=("web",)), Offer("b", placement_ids=("web",))]
    table = requests(["p", "q"], placement_id=["web", "mail"])
    result = rank_requests(table, context(SCORES, offers=catalogue))
    assert set(result.rows["request_id"].to_pylist()) == {"r0"}
    assert result.rejected.to_pylist() == [
        {"row_number": 2, "request_id": "r1", "reason": "no offer is eligible"}
    ]


def test_a_missing_placement_is_the_default_one() -> None:
    """Flat files need not name placements."""
    table = requests(["p"]).drop_columns(["placement_id"])
    sets = {"default": frozenset("ab"), "web": frozenset("abc")}
    assert offers(table, default_sets=sets) == {"r0": "ba"}


def test_wrong_rows_are_rejected_with_their_reason() -> None:
    """A rejected request does not affect the others."""
    table = requests(
        ["p", None, "q", "r", "s", " "],
        request_id=["x", "y", None, "x", "z", "w"],
        offer_ids=["a", None, None, None, "a|nope", None],
    )
    result = rank_requests(table, context(SCORES))
    assert set(result.rows["request_id"].to_pylist()) == {"x"}
    assert [tuple(r.values()) for r in result.rejected.to_pylist()] == [
        (2, "y", "profile_id is missing"),
        (3, None, "request_id is missing"),
        (4, "x", "request_id was used by an earlier row"),
        (5, "z", "offer_ids names an unknown offer: nope"),
        (6, "w", "profile_id is missing"),
    ]


@pytest.mark.parametrize("column", ["request_id", "profile_id"])
def test_a_missing_required_column_is_an_input_error(column: str) -> None:
    """The error names the missing column."""
    with pytest.raises(InputError, match=f"no column {column}"):
        rank_requests(requests(["p"]).drop_columns([column]), context(SCORES))


def test_a_column_of_an_unusable_type_is_an_input_error() -> None:
    """A list as an id is named with its type."""
    with pytest.raises(InputError, match="column profile_id of the requests holds list"):
        rank_requests(requests([None], profile_id=[["p"]]), context(SCORES))


def test_numbers_as_ids_are_text() -> None:
    """Integer ids, which a CSV reader may guess, become text."""
    rows = rank_requests(requests([None], profile_id=[7], request_id=[1]), context(SCORES)).rows
    assert rows["request_id"].to_pylist() == ["1", "1", "1"]


def test_no_request_gives_no_row() -> None:
    """No requests give no rows."""
    assert rank_requests(requests([]), context(SCORES)).rows.num_rows == 0


def test_without_exploration_everything_is_personalised() -> None:
    """With share 0, everybody gets the model's order with propensity 1."""
    table = requests([f"p{i}" for i in range(300)])
    rows = rank_requests(table, context(SCORES, exploration_share=0.0)).rows
    assert set(rows["traffic_type"].to_pylist()) == {"contextual"}
    assert set(rows["propensity"].to_pylist()) == {1.0}


def test_before_the_first_model_requests_are_random() -> None:
    """Without a model, all traffic is random, even without exploration."""
    rows = rank_requests(requests(["p"]), context(None, exploration_share=0.0)).rows.to_pylist()
    assert {(r["traffic_type"], r["propensity"], r["score"]) for r in rows} == {
        ("random", 1 / 3, None)
    }


@given(st.lists(st.text(min_size=1, max_size=5).map("p{}".format), unique=True, min_size=1))
def test_a_request_gets_the_rows_of_the_weekly_batch(profile_ids: list[str]) -> None:
    """The same profile and placement get the same arm, order, score and propensity."""
    profile_ids = [p.strip() for p in profile_ids]
    ctx = context(SCORES, exploration_share=0.4, deployed=Deployed(TableModel(SCORES), "v1"))
    names = ["rank", "offer_id", "score", "traffic_type", "is_exploration", "propensity"]
    batch = rank_batch(ctx, candidates(profile_ids))
    rows = rank_requests(requests(list(profile_ids)), ctx).rows
    assert rows.select(names).to_pylist() == batch.select(names).to_pylist()
