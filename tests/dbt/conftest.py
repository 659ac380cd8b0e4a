"""A small build that the tests of the dbt project share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.arms import Arms
from tests.support.dbt_runs import artifact, made_once, start_dbt, write_small_raw_folder
from tests.support.paths import PROJECT


@pytest.fixture(scope="session")
def small_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a build of every input with a few rows each, without unit tests.

    The command `dbt` runs from another working directory, in another time zone.
    """

    def make(folder: Path) -> None:
        write_small_raw_folder(folder / "raw")
        before = set(os.listdir(PROJECT))
        run = start_dbt(folder, "build", "--exclude-resource-type", "unit_test", raw=folder / "raw")
        assert run.returncode == 0, run.stdout[-3000:]
        assert set(os.listdir(PROJECT)) == before

    root = tmp_path_factory.getbasetemp()
    shared = root.parent if root.name.startswith("popen-") else root
    return made_once(shared / "small_build", make)


@pytest.fixture(scope="session")
def manifest(small_build: Path) -> dict[str, Any]:
    """The manifest of the dbt project."""
    return artifact(small_build, "manifest.json")


@pytest.fixture(scope="session")
def compiled_sql(small_build: Path) -> dict[str, str]:
    """SQL of every built node and data test, by unique id."""
    results = artifact(small_build, "run_results.json")["results"]
    return {result["unique_id"]: result["compiled_code"] for result in results}


@pytest.fixture(scope="session")
def built_columns(small_build: Path) -> dict[str, set[str]]:
    """Columns of every relation of the build's main schema, by relation."""
    with duckdb.connect(str(small_build / "build.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'main'"
        ).fetchall()
    columns: dict[str, set[str]] = {}
    for table, column in rows:
        columns.setdefault(table, set()).add(column)
    return columns


@pytest.fixture
def arms(compiled_sql: dict[str, str]) -> Iterator[Arms]:
    """The models in a database in memory."""
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as build")
        yield Arms(connection, compiled_sql)
