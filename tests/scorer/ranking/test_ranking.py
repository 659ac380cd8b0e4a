"""The weekly batch: order, ties, fallback, exploration, propensities, streaming."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scorer.errors import ConfigurationError, StrategyError
from scorer.ranking import exploration
from scorer.ranking.batch import (
    MAX_BATCH_ROWS,
    RANKED_SCHEMA,
    batch_rows,
    rank_batch,
    rank_candidates,
    write_ranked_offers,
)
from scorer.ranking.context import Deployed, Offer, StrategyContext, load_context
from scorer.training.plan import TrainingPlan
from scorer.training.train import train
from scorer.warehouse.marts import load_examples
from tests.support.ranking_inputs import AS_OF, candidates, context
from tests.support.training_inputs import WORKED_SCHEMA, worked_example

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


WORKED_TABLES = """
create table dim_ranking_strategies as
    select 's' as strategy_id, 0.1 as exploration_share, 'uniform' as exploration,
        0.0 as control_share, 3 as top_k;
create table dim_offers as
    select unnest(['offer_1', 'offer_2', 'stop_gap']) as offer_id, 'An offer' as offer_name,
        0 as priority, offer_id = 'stop_gap' as is_fallback, 'approved' as status,
        null::varchar[] as placement_ids;
create table offer_readiness as
    select 's' as strategy_id, unnest(['offer_1', 'offer_2']) as offer_id,
        300 as displays, 30 as successes, 250 as min_displays, 25 as min_successes,
        true as is_ready;
create table eligibility_sets as
    select 'e1' as eligibility_set_id, 's' as strategy_id, 'web' as placement_id,
        true as is_default, unnest(['offer_1', 'offer_2']) as offer_id;
create table ranking_candidates as
    select 's' as strategy_id, 'p' || i as profile_id, 'web' as placement_id, 'act' as activity_id,
        'scope' as scope_id, case when i // 2 % 2 = 1 then ['f1'] else [] end as segments,
        map {'f2': (i % 2)::varchar} as context,
        case when i % 10 = 9 then 'e0' else 'e1' end as eligibility_set_id,
        null::varchar[] as excluded_offer_ids
    from range(200) as t(i);
create table offer_rules as
    select 's' as strategy_id, 'web' as placement_id, unnest(['offer_1', 'offer_2']) as offer_id,
        null::timestamp as start_date, null::timestamp as end_date,
        []::varchar[] as include_segments, []::varchar[] as exclude_segments;
create table training_examples as
    select 's' as strategy_id, display_id, event_ts, display_id as profile_id, offer_id, reward,
        reward > 0 as is_success, propensity, 1 as position, 'd1' as eligibility_set_id,
        'web' as placement_id, 'act' as activity_id, 'scope' as scope_id,
        case when "segment:f1" then ['f1'] else [] end as segments,
        map {'f2': "context:f2"} as context
    from worked;
create schema scorer;
create table scorer.ranked_offers (strategy_id varchar, cycle_date date, profile_id varchar,
    activity_id varchar, scope_id varchar, placement_id varchar, rank integer, offer_id varchar,
    offer_name varchar, score double, traffic_type varchar, is_exploration boolean, policy varchar,
    arm varchar, propensity double, eligible_count integer, model_version varchar,
    valid_from timestamp, valid_to timestamp);
insert into scorer.ranked_offers (strategy_id) values ('s'), ('other');
"""


@pytest.fixture
def build() -> Iterator[duckdb.DuckDBPyConnection]:
    """A build of the worked example with 200 candidates, a tenth of them without offers."""
    connection = duckdb.connect()
    connection.register("worked", worked_example(0, 800))
    connection.execute(WORKED_TABLES)
    yield connection
    connection.close()


def deployed(build: duckdb.DuckDBPyConnection) -> Deployed:
    """Model trained on the examples of the build."""
    plan = TrainingPlan("binary", ("offer_1", "offer_2"))
    table = load_examples(build, "s", WORKED_SCHEMA)
    return Deployed(train(table, WORKED_SCHEMA, plan).model, "v1")


def test_the_worked_example_is_ranked_from_marts_to_table(
    build: duckdb.DuckDBPyConnection,
) -> None:
    """offer_2 is first at (0, 1), offer_1 at the rest it fits; others get the fallback."""
    ctx = load_context(build, "s", AS_OF, deployed(build))
    ranked_so_far: list[int] = []
    rows = write_ranked_offers(build, ctx, progress=ranked_so_far.append)
    assert sum(ranked_so_far) == 200
    assert rows == 180 * 2 + 20
    firsts = build.execute(
        "select segments, context['f2'], list(distinct offer_id) from scorer.ranked_offers"
        " join ranking_candidates using (strategy_id, profile_id) where rank = 1"
        " and policy = 'model' group by all"
    ).fetchall()
    best = {(s == ["f1"], f2): o for s, f2, o in firsts}
    assert best[False, "1"] == ["offer_2"]
    assert best[False, "0"] == best[True, "1"] == ["offer_1"]
    fallback = "select distinct offer_id, policy from scorer.ranked_offers where eligible_count = 0"
    assert build.execute(fallback).fetchall() == [("stop_gap", "fallback")]


def test_writing_replaces_the_strategys_rows_and_no_others(
    build: duckdb.DuckDBPyConnection,
) -> None:
    """Writing twice gives the same rows in the same order; other strategies keep their rows."""
    ctx = load_context(build, "s", AS_OF, deployed(build))
    contents = []
    for _ in range(2):
        write_ranked_offers(build, ctx)
        contents.append(build.execute("from scorer.ranked_offers where offer_id <> ''").fetchall())
    assert contents[0] == contents[1]
    assert contents[0] == sorted(contents[0], key=lambda r: (r[2], r[5], r[6]))
    others = "select count(*) from scorer.ranked_offers where strategy_id = 'other'"
    assert build.execute(others).fetchone() == (1,)


def test_a_failure_while_ranking_keeps_the_old_rows(build: duckdb.DuckDBPyConnection) -> None:
    """The table is replaced completely or not at all, and can be written afterwards."""

    def fail(_: int) -> None:
        raise RuntimeError("boom")

    ctx = load_context(build, "s", AS_OF)
    with pytest.raises(Exception, match="boom"):
        write_ranked_offers(build, ctx, progress=fail)
    count = "select count(*) from scorer.ranked_offers where strategy_id = 's'"
    assert build.execute(count).fetchone() == (1,)
    assert write_ranked_offers(build, ctx) == 180 * 2 + 20


def test_batches_do_not_change_the_result(
    build: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of 7 candidates give the rows of one batch, in the same order."""
    ctx = load_context(build, "s", AS_OF, deployed(build))
    whole = rank_candidates(build, ctx).read_all()
    monkeypatch.setattr("scorer.ranking.batch.MAX_BATCH_ROWS", 7)
    assert rank_candidates(build, ctx).read_all() == whole


def test_batches_shrink_with_the_number_of_offers() -> None:
    """Rows times offers stay below a limit, so memory does not grow with either."""
    many = [f"o{i}" for i in range(2000)]
    assert batch_rows(context(SCORES)) == MAX_BATCH_ROWS
    assert batch_rows(context(None, many)) == 2000


def test_an_unknown_strategy_is_named(build: duckdb.DuckDBPyConnection) -> None:
    """The context of a strategy that the build does not have cannot be read."""
    with pytest.raises(StrategyError, match="strategy 'x' is not in dim_ranking_strategies"):
        load_context(build, "x", AS_OF)


def test_an_impossible_top_k_is_refused() -> None:
    """A `top_k` below 1 is refused."""
    with pytest.raises(ConfigurationError, match="top_k must be 1 or more, got 0"):
        context(SCORES, top_k=0)
