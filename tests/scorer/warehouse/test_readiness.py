"""A run reports the time until offers are ready."""

from __future__ import annotations

import duckdb

from scorer.warehouse.readiness import waiting_offers


def build(offers: list[tuple[str, int, int]]) -> duckdb.DuckDBPyConnection:
    """Marts of ten days with offers of (id, displays, successes); 250 and 25 make one ready."""
    connection = duckdb.connect()
    connection.execute(
        "create table dim_ranking_strategies as select 's' as strategy_id, 30 as lookback_days"
    )
    connection.execute(
        "create table training_examples as select 's' as strategy_id,"
        " timestamp '2026-01-01' + interval (d) day as event_ts from range(11) as t(d)"
    )
    connection.execute(
        "create table offer_readiness (strategy_id varchar, offer_id varchar, displays bigint,"
        " successes bigint, pooled_displays bigint, pooled_successes bigint, min_displays int,"
        " min_successes int, is_ready boolean)"
    )
    for offer, displays, successes in offers:
        connection.execute(
            "insert into offer_readiness select 's', $1, $2, $3, $2, $3, 250, 25, $4",
            [offer, displays, successes, displays >= 250 and successes >= 25],
        )
    return connection


def test_ready_offers_are_not_mentioned() -> None:
    """The run reports nothing if all offers are ready."""
    assert waiting_offers(build([("a", 300, 30), ("b", 250, 25)])) == []


def test_the_time_that_is_left_follows_from_the_pace() -> None:
    """Half of the successes in ten days need ten more; a tenth does not suffice in 30 days."""
    offers = [("a", 300, 30), ("half", 500, 13), ("rare", 500, 2), ("new", 0, 0)]
    assert waiting_offers(build(offers)) == [
        "s: 3 of 4 offers are not ready: 1 will be in about 10 days at this pace, 2 will not be"
        " within the look-back of 30 days at this pace"
    ]
