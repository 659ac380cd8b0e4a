"""Contracts of the marts reject a wrong value: every check constraint is violated once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

# Violates a constraint that spans columns.
BROKEN_ROWS = {
    "(propensity is null) = (propensity_source = 'unknown')": {
        "propensity": "null",
        "propensity_source": "'logged'",
    },
    "records_in_order <= records": {"records_in_order": "2", "records": "1"},
}
CANDIDATES = ("1", "0", "-2", "2", "11", "1.5", "null")


@pytest.fixture(scope="module")
def connection(small_build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with the small build attached read-only."""
    with duckdb.connect() as opened:
        opened.execute(f"attach '{small_build / 'build.duckdb'}' as build (read_only)")
        yield opened


def tables_with_checks(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the contracted tables that have a check constraint, by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] == "table"
        and any(checks_of(constrained) for constrained in (node, *node["columns"].values()))
    }


def checks_of(constrained: dict[str, Any]) -> list[str]:
    """Return the expressions of a model's or column's check constraints."""
    found = constrained.get("constraints") or []
    return [rule["expression"] for rule in found if rule["type"] == "check"]


def values_that(
    connection: duckdb.DuckDBPyConnection, column: dict[str, Any], checks: list[str], passes: bool
) -> list[str]:
    """Return the candidates for a column that pass all of its checks, or fail one."""
    kind = column["data_type"]
    if kind == "varchar":
        quoted = [text for check in checks for text in check.split("'")[1::2]]
        candidates = [f"'{text}'" for text in (*quoted, "nonsense")]
    elif kind in ("double", "integer", "bigint"):
        candidates = list(CANDIDATES)
    else:
        candidates = [f"cast(null as {kind})"]
    condition = " and ".join(f"coalesce({check}, true)" for check in checks) or "true"
    return [
        value
        for value in candidates
        if connection.execute(
            f"select ({condition}) = {passes}"
            f" from (select cast({value} as {kind}) as {column['name']})"
        ).fetchall()[0][0]
    ]


def insert(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, str]) -> None:
    """Insert a row into an empty table of the same DDL; NULL where the row has no value."""
    ddl = connection.execute(
        "select sql from duckdb_tables() where database_name = 'build' and table_name = ?", [table]
    ).fetchall()[0][0]
    connection.execute(ddl.replace("NOT NULL", "").replace("CREATE TABLE", "create temp table", 1))
    try:
        names, values = ", ".join(row), ", ".join(row.values())
        connection.execute(f"insert into temp.{table} ({names}) values ({values})")
    finally:
        connection.execute(f"drop table temp.{table}")


def test_check_constraints_reject_what_they_forbid(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]
) -> None:
    """A value that violates the constraint of a column is refused, one that satisfies it is not."""
    tables = tables_with_checks(manifest)
    assert len(tables) > 10
    for table, node in tables.items():
        for column in node["columns"].values():
            checks = checks_of(column)
            if not checks:
                continue
            allowed = values_that(connection, column, checks, passes=True)
            forbidden = values_that(connection, column, checks, passes=False)
            assert allowed, (table, column["name"])
            assert forbidden, (table, column["name"])
            for value in [] if checks_of(node) else allowed:
                insert(connection, table, {column["name"]: value})
            for value in forbidden:
                with pytest.raises(duckdb.ConstraintException, match="CHECK"):
                    insert(connection, table, {column["name"]: value})


def test_constraints_across_columns_reject_what_they_forbid(
    connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]
) -> None:
    """Each check constraint of a whole table refuses a row that violates it."""
    found = {
        check: table
        for table, node in tables_with_checks(manifest).items()
        for check in checks_of(node)
    }
    assert set(found) == set(BROKEN_ROWS)
    for check, table in found.items():
        with pytest.raises(duckdb.ConstraintException, match="CHECK"):
            insert(connection, table, BROKEN_ROWS[check])
