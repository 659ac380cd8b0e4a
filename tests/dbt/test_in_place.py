"""Tables and views are replaced in place: a failure leaves the old relation as it was."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.support.dbt_runs import run_dbt
from tests.support.paths import PROJECT

MACROS = ("materializations", "sql_text.sql")
FILES = {
    "dbt_project.yml": """
name: toy
config-version: 2
profile: toy
flags: {send_anonymous_usage_stats: false}
models: {+materialized: "{{ var('kind', 'table') }}"}
""",
    "profiles.yml": """
toy:
  target: duckdb
  outputs: {duckdb: {type: duckdb, path: toy.duckdb, threads: 1}}
""",
    "models/kept.sql": """
{{ config(post_hook="create or replace table hooked as select {{ var('value') }} as value") }}
select {{ var('value') }} as value, 'it''s' as text
""",
    "models/bare.sql": "select {{ var('value') }} as value",
    "models/child.sql": "select value + 1 as value from {{ ref('kept') }}",
    "models/kept.yml": """
models:
  - name: kept
    description: One row per 'quoted' value.
    config: {contract: {enforced: true}}
    columns:
      - name: value
        description: Below ten.
        data_type: integer
        constraints: [{type: check, expression: value < 10}]
      - {name: text, description: A text., data_type: varchar}
  - name: bare
    description: One row, without a hook.
    config: {contract: {enforced: true}}
    columns:
      - name: value
        description: Below ten.
        data_type: integer
        constraints: [{type: check, expression: value < 10}]
""",
}

Build = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return a function that builds the toy project with variables."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "macros").mkdir()
    for name in MACROS:
        source, target = PROJECT / "macros" / name, tmp_path / "macros" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    def run(value: int | str, kind: str = "table") -> subprocess.CompletedProcess[str]:
        return run_dbt(tmp_path, "run", project=tmp_path, value=str(value), kind=kind)

    return run


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a query on the build."""
    with duckdb.connect(str(folder / "toy.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_row_that_breaks_the_contract_leaves_the_old_table(build: Build, tmp_path: Path) -> None:
    """A replaced table, its hooks and its comments come in one transaction, or not at all."""
    assert build(1).returncode == 0
    failed = build(11)
    assert failed.returncode == 1
    assert "CHECK constraint" in failed.stdout
    assert query(tmp_path, "from kept") == [(1, "it's")]
    assert query(tmp_path, "from hooked") == [(1,)]
    assert query(tmp_path, "from bare") == [(1,)]
    assert build(2).returncode == 0
    assert query(tmp_path, "select kept.value, child.value from kept, child") == [(2, 3)]
    comments = "select comment from duckdb_tables() where table_name = 'kept'"
    assert query(tmp_path, comments) == [("One row per 'quoted' value.",)]


def test_a_column_of_another_type_than_in_the_contract_is_refused(
    build: Build, tmp_path: Path
) -> None:
    """The type of a query is not cast to that of the contract; the message names both."""
    assert build(1).returncode == 0
    failed = build("1.5")
    assert failed.returncode == 1
    message = "column value of kept: the contract has INTEGER, the query DECIMAL(2,1)"
    assert message in " ".join(failed.stdout.split())
    assert query(tmp_path, "from kept") == [(1, "it's")]


@pytest.mark.parametrize(("before", "after"), [("table", "view"), ("view", "table")])
def test_a_change_of_kind_that_fails_leaves_the_old_relation(
    build: Build, tmp_path: Path, before: str, after: str
) -> None:
    """If the new relation cannot be created, the old one of the other kind stays."""
    assert build(1, before).returncode == 0
    assert build("no_such_column", after).returncode == 1
    assert query(tmp_path, "select kept.value, child.value from kept, child") == [(1, 2)]


@pytest.mark.parametrize(("before", "after"), [("table", "view"), ("view", "table")])
def test_a_table_may_become_a_view_and_back(
    build: Build, tmp_path: Path, before: str, after: str
) -> None:
    """The kind of a relation may change between builds, and relations that read it still work."""
    assert build(1, before).returncode == 0
    assert build(2, after).returncode == 0
    assert query(tmp_path, "select kept.value, child.value from kept, child") == [(2, 3)]
    kind = "select table_type from information_schema.tables where table_name = 'kept'"
    assert query(tmp_path, kind) == [("BASE TABLE" if after == "table" else "VIEW",)]
    leftovers = "select count(*) from duckdb_tables() where table_name like '%dbt%'"
    assert query(tmp_path, leftovers) == [(0,)]
