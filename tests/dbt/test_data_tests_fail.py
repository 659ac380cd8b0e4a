"""Every data test of the dbt project fails once here, because a test that cannot fail proves
nothing.

The SQL that dbt ran for a test runs again on the same build: first unchanged, and then after a
change that breaks one rule, in a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

VIEWS = {"fct_displays": "main.int_flat_displays", "ranked_offers": "scorer.ranked_offers"}

BROKEN_BY = {
    "events_in_are_events_out": [
        "insert into int_repeated_events (event_id) values ('unheard of')",
        "insert into int_repeated_events select e.* from stg_xdm__events as e, range(2)"
        " where e.event_id = 'd1'",
    ],
    "displayed_items_are_displays_or_rejected": [
        "delete from int_proposition_items where item_event_id = 'd1:1:1'",
        "delete from int_proposition_items where offer_id is null",
    ],
    "flat_rows_are_displays_or_rejected": ["delete from int_flat_displays where event_id = 'r1'"],
    "rejected_lines_are_numbered": [
        "delete from int_rejected_lines where line_number = 5",
        "insert into int_rejected_lines select * from int_rejected_lines limit 1",
        "update int_rejected_lines set file_version = 'older'",
    ],
    "rejected_records_are_published": [
        "delete from rejected_events where reason = 'no offer_id'",
        "delete from rejected_events where reason = 'item without id'",
        "insert into stg_offers (offer_id, reject_reason) values ('x', 'unknown status')",
    ],
    "arms_share_all_traffic": ["update traffic_allocation set share = share / 2"],
    "daily_outcomes_hold_every_display": [
        "delete from daily_outcomes",
        "update daily_outcomes set arm = 'elsewhere'",
    ],
    "interactions_follow_their_display": [
        "update int_attributed_interactions set display_ts = event_ts + interval 11 second"
    ],
    "only_final_outcomes_are_trained_on": [
        "update training_examples set event_ts = timestamp '2026-01-30 00:00:01'",
        "update training_examples set event_ts = timestamp '2026-01-01 00:00:00'",
    ],
    "strategies_have_at_most_50_segments": [
        "insert into strategy_features select 's', i, 'segment_' || i, 'segment', 'boolean', null"
        " from range(51) as numbers(i)"
    ],
    "successes_lie_in_their_window": [
        "update int_attributed_successes set success_ts = success_ts + interval 2 day",
        "update int_attributed_successes set success_ts = success_ts - interval 2 day",
    ],
    "shown_offers_could_be_shown": [
        "delete from display_eligibility_sets where offer_id = 'a'",
        "update display_eligibility_sets set placement_id = 'elsewhere'",
    ],
    "unlogged_propensities_are_one_in_the_eligible": [
        "update training_examples set propensity = 0.9",
        "delete from display_eligibility_sets where offer_id = 'a'",
        "update training_examples set traffic_type = 'contextual'",
    ],
    "event_types_cover_every_kind": ["delete from xdm_event_types where event_kind = 'dismiss'"],
}

BROKEN_EXPRESSIONS = {
    "is_exploration = (traffic_type = 'random')": "is_exploration = null",
    "rows = used_rows + rejected + duplicates": "rejected = rejected + 1",
    "strategy_id is not null and profile_id is not null and offer_id is not null": (
        "profile_id = null"
    ),
}


@pytest.fixture(scope="module")
def connection(small_build: Path, manifest: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the small build without constraints; its changes are never committed."""
    copy = small_build / "copies" / "build.duckdb"
    contracted = {
        node["name"]
        for node in manifest["nodes"].values()
        if node.get("contract", {}).get("enforced")
    }
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes((small_build / "build.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as opened:
        opened.execute("set TimeZone = 'UTC'")
        for (table,) in opened.execute(
            "select table_name from duckdb_tables() where schema_name = 'main'"
        ).fetchall():
            if table in contracted:
                opened.execute(f"create or replace table {table} as select * from {table}")
        yield opened


@contextmanager
def changed(connection: duckdb.DuckDBPyConnection, *statements: str) -> Iterator[None]:
    """Run statements that are rolled back at the end of the block."""
    connection.execute("begin")
    try:
        for statement in statements:
            connection.execute(statement)
        yield
    finally:
        connection.execute("rollback")


def failures(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Return how many rows a data test finds."""
    return len(connection.execute(sql).fetchall())


def data_tests(manifest: dict[str, Any], kind: str | None) -> list[dict[str, Any]]:
    """Return the tests of a generic kind, or the singular ones for None."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    kinds = [((test.get("test_metadata") or {}).get("name"), test) for test in tests]
    return [test for found, test in kinds if found == kind]


def relation_to_break(manifest: dict[str, Any], test: dict[str, Any]) -> str:
    """Return the table to break: the tested one, or the one below a view."""
    name = manifest["nodes"][test["attached_node"]]["name"]
    return VIEWS.get(name, f"main.{name}")


def placeholder(data_type: str) -> str:
    """Return a SQL value of a type."""
    if data_type.endswith("[]") or data_type.startswith(("MAP", "STRUCT")):
        return (
            "null"
            if data_type.startswith("STRUCT")
            else f"'{{}}'::{data_type}"
            if (data_type.startswith("MAP"))
            else "[]"
        )
    values = {"VARCHAR": "'x'", "BOOLEAN": "true", "DATE": "date '2026-01-01'"}
    return values.get(data_type, "timestamp '2026-01-01'" if "TIME" in data_type else "1")


def one_more_row(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Return a statement that adds a row to a table, an invented one if the table is empty."""
    if connection.execute(f"select 1 from {relation} limit 1").fetchall():
        return f"insert into {relation} select * from {relation} limit 1"
    columns = connection.execute(f"describe {relation}").fetchall()
    values = ", ".join(placeholder(data_type) for _, data_type, *_ in columns)
    return f"insert into {relation} values ({values})"


def assert_fails(
    connection: duckdb.DuckDBPyConnection,
    manifest: dict[str, Any],
    compiled_sql: dict[str, str],
    test: dict[str, Any],
    value: str,
) -> None:
    """Assert that a test of a column passes on the build, and fails for `value` in the column."""
    relation, sql = relation_to_break(manifest, test), compiled_sql[test["unique_id"]]
    broken = f"update {relation} set {test['column_name']} = {value}"
    assert failures(connection, sql) == 0, test["name"]
    with changed(connection, one_more_row(connection, relation), broken):
        assert failures(connection, sql) > 0, test["name"]


def assert_each_fails(
    connection: duckdb.DuckDBPyConnection,
    manifest: dict[str, Any],
    compiled_sql: dict[str, str],
    kind: str,
    value: str,
) -> None:
    """Assert that each generic test of a kind fails for `value` in its column."""
    tests = data_tests(manifest, kind)
    assert tests
    for test in tests:
        assert_fails(connection, manifest, compiled_sql, test, value)


def test_every_singular_test_has_its_fixture(manifest: dict[str, Any]) -> None:
    """Every singular test has an entry in the list of breaking changes."""
    assert {test["name"] for test in data_tests(manifest, None)} == set(BROKEN_BY)


@pytest.mark.parametrize("name", BROKEN_BY)
def test_singular_test_fails_on_what_it_forbids(
    name: str,
    connection: duckdb.DuckDBPyConnection,
    manifest: dict[str, Any],
    compiled_sql: dict[str, str],
) -> None:
    """Each singular test passes on the build and fails after each of its breaks."""
    (test,) = (test for test in data_tests(manifest, None) if test["name"] == name)
    sql = compiled_sql[test["unique_id"]]
    assert failures(connection, sql) == 0
    for statement in BROKEN_BY[name]:
        with changed(connection, statement):
            assert failures(connection, sql) > 0, statement


def test_every_grain_test_fails_on_a_repeated_row(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], compiled_sql: dict[str, str]
) -> None:
    """A repeated row makes one_row_per fail, even with NULLs in its columns."""
    tests = data_tests(manifest, "one_row_per")
    assert len(tests) > 20
    for test in tests:
        relation, sql = relation_to_break(manifest, test), compiled_sql[test["unique_id"]]
        assert failures(connection, sql) == 0, test["name"]
        repeated = f"insert into {relation} select * from {relation} limit 1"
        with changed(connection, one_more_row(connection, relation), repeated):
            assert failures(connection, sql) > 0, test["name"]


def test_a_grain_test_counts_nulls_as_one_value(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], compiled_sql: dict[str, str]
) -> None:
    """one_row_per finds two equal rows with NULL in a column of the grain."""
    (test,) = (
        test
        for test in data_tests(manifest, "one_row_per")
        if test["attached_node"].endswith(".offer_feature_interactions")
    )
    row = "('s', 'a', 'f', 'v', null, null, 1, 0, 0, 0, 0)"
    with changed(connection, f"insert into offer_feature_interactions values {row}, {row}"):
        assert failures(connection, compiled_sql[test["unique_id"]]) == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("not_after_as_of", "timestamp '2026-01-31 00:00:01'"),
        ("accepted_values", "'nonsense'"),
        ("not_null", "null"),
        ("relationships", "'nobody'"),
    ],
)
def test_column_tests_fail_on_a_wrong_value(
    kind: str,
    value: str,
    connection: duckdb.DuckDBPyConnection,
    manifest: dict[str, Any],
    compiled_sql: dict[str, str],
) -> None:
    """Each test of a column fails on a value that it does not allow."""
    assert_each_fails(connection, manifest, compiled_sql, kind, value)


def test_ranges_fail_at_either_end(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], compiled_sql: dict[str, str]
) -> None:
    """in_range fails below the minimum, and above the maximum if there is one."""
    tests = data_tests(manifest, "in_range")
    assert tests
    for test in tests:
        given = test["test_metadata"]["kwargs"]
        outside = [given["min_value"] - 1]
        if given.get("max_value") is not None:
            outside.append(given["max_value"] + 1)
        for value in outside:
            assert_fails(connection, manifest, compiled_sql, test, str(value))


def test_a_propensity_of_zero_is_out_of_range(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], compiled_sql: dict[str, str]
) -> None:
    """in_range with above_min rejects the minimum itself and allows the maximum."""
    tests = [
        test for test in data_tests(manifest, "in_range") if test["column_name"] == "propensity"
    ]
    assert tests
    for test in tests:
        relation, sql = relation_to_break(manifest, test), compiled_sql[test["unique_id"]]
        row = one_more_row(connection, relation)
        with changed(connection, row, f"update {relation} set propensity = 0"):
            assert failures(connection, sql) > 0, test["name"]
        with changed(connection, row, f"update {relation} set propensity = 1"):
            assert failures(connection, sql) == 0, test["name"]


def test_expressions_fail_where_false_or_null(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], compiled_sql: dict[str, str]
) -> None:
    """expression_is_true fails on a row whose expression is false, and on one where it is NULL."""
    tests = data_tests(manifest, "expression_is_true")
    expressions = {test["test_metadata"]["kwargs"]["expression"]: test for test in tests}
    assert set(expressions) == set(BROKEN_EXPRESSIONS)
    for expression, test in expressions.items():
        relation, sql = relation_to_break(manifest, test), compiled_sql[test["unique_id"]]
        broken = f"update {relation} set {BROKEN_EXPRESSIONS[expression]}"
        with changed(connection, one_more_row(connection, relation), broken):
            assert failures(connection, sql) > 0, expression


def test_no_kind_of_test_is_left_out(manifest: dict[str, Any]) -> None:
    """Every generic test that the project uses is broken by one of the tests here."""
    kinds = {
        (node.get("test_metadata") or {}).get("name")
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
    assert kinds == {
        None,
        "one_row_per",
        "in_range",
        "not_after_as_of",
        "accepted_values",
        "not_null",
        "relationships",
        "expression_is_true",
    }
