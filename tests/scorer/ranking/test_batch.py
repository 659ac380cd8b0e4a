"""The weekly batch on a build: reading candidates, writing rows, streaming."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from scorer.errors import StrategyError
from scorer.ranking.batch import (
    MAX_BATCH_ROWS,
    batch_rows,
    rank_candidates,
    write_ranked_offers,
)
from scorer.ranking.context import Deployed, load_context
from scorer.training.plan import TrainingPlan
from scorer.training.train import train
from scorer.warehouse.marts import load_examples
from tests.support.ranking_inputs import AS_OF, context
from tests.support.training_inputs import WORKED_SCHEMA, worked_example

SCORES = {"a": [0.1], "b": [0.3], "c": [0.2]}


WORKED_TABLES = """
create table dim_ranking_strategies as
    select 's' as strategy_id, 0.1 as exploration_share, 'uniform' as exploration,
        0.0 as control_share, null::varchar[] as guardrails, 3 as top_k;
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
