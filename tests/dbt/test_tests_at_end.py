"""Generic data tests that a cycle runs in one query a model, at the end of a build."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scorer.config import Settings
from scorer.errors import InputError
from scorer.progress import Silent
from scorer.warehouse.dbt import run_dbt
from tests.support import dbt_runs
from tests.support.paths import PROJECT

FILES = {
    "dbt_project.yml": """
name: toy
config-version: 2
profile: toy
flags: {send_anonymous_usage_stats: false}
vars: {generic_tests_at_end: false}
models: {+materialized: table}
on-run-end: "{{ run_generic_tests(results) }}"
""",
    "profiles.yml": """
toy:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('NEXTOFFER_DATABASE') }}", threads: 1}
""",
    "selectors.yml": """
selectors:
  - name: all
    definition:
      union:
        - {method: fqn, value: "*"}
        - exclude: [{method: test_type, value: generic}]
""",
    "models/parents.sql": "select 1 as id",
    "models/rows.sql": "select * from (values {{ env_var('DBT_ENV_ROWS') }}) as t (id, kind, size)",
    "models/rows.yml": """
models:
  - name: rows
    data_tests:
      - one_row_per: {columns: [id, kind]}
      - expression_is_true: {expression: id < 50}
    columns:
      - name: id
        data_tests:
          - not_null: {config: {where: "size < 9"}}
          - relationships: {to: ref('parents'), field: id, config: {severity: warn}}
      - {name: kind, data_tests: [{accepted_values: {values: [a, b]}}]}
      - name: size
        data_tests:
          - in_range: {min_value: 0, max_value: 9}
          - relationships: {to: ref('parents'), field: id, config: {where: kind = 'b'}}
""",
}
# The SQL of every generic test as JSON, by unique id.
QUERIES = """
{%- set tested = graph.nodes.values() | rejectattr("resource_type", "equalto", "test") -%}
{%- set queries = {} -%}
{%- for tests in generic_tests(tested | map(attribute="unique_id") | list).values() -%}
    {%- for test in tests -%}
        {%- do queries.update({test.unique_id: generic_test_sql(test)}) -%}
    {%- endfor -%}
{%- endfor -%}
{{ tojson(queries) }}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings for a project of two models with tests."""
    project = tmp_path_factory.mktemp("project")
    for name, content in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(content)
    shutil.copytree(PROJECT / "tests" / "generic", project / "tests" / "generic")
    (project / "tests" / "generic" / "not_after_as_of.sql").unlink()
    (project / "macros").mkdir()
    shutil.copy(PROJECT / "macros" / "data_tests.sql", project / "macros")
    home = tmp_path_factory.mktemp("home")
    return Settings(home=home, as_of=datetime(2026, 1, 4), project_dir=project)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("(1, 'a', 2), (1, 'a', 3)", r"one_row_per of rows \(id, kind\) failed: 1 found, .*id = 1"),
        ("(60, 'a', 2)", r"expression_is_true of rows \(id < 50\) failed: 1 found"),
        ("(null, 'a', 2)", r"(not_null of rows \(id\)|expression_is_true of rows .*) failed: 1"),
        ("(2, 'c', 2), (3, 'c', 2)", r"accepted_values of rows \(kind\) .*value_field = c"),
        ("(2, 'a', 10)", r"in_range of rows \(size\) failed: 1 found, such as size = 10"),
        ("(2, 'b', 7)", r"relationships of rows \(size\) failed: 1 found, such as from_field = 7"),
    ],
)
def test_a_failure_names_the_test_its_model_its_columns_and_a_row(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, rows: str, message: str
) -> None:
    """Rows that break one rule stop the run with a sentence about that rule."""
    monkeypatch.setenv("DBT_ENV_ROWS", rows)
    with pytest.raises(InputError, match=f"^data test {message}") as raised:
        run_dbt(settings, "all", "features", Silent())
    assert "\n" not in str(raised.value)


def test_rows_that_keep_the_rules_pass(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests with a condition look at its rows only, and a mere warning stops nothing."""
    monkeypatch.setenv("DBT_ENV_ROWS", "(1, 'a', 2), (2, 'b', 1), (3, null, null)")
    assert run_dbt(settings, "all", "features", Silent()) == 2


def test_the_query_is_the_one_of_the_node(
    small_build: Path, tmp_path: Path, manifest: dict[str, Any], compiled_sql: dict[str, str]
) -> None:
    """At the end of a cycle every generic test runs the SQL that dbt runs for its node."""
    shutil.copy(small_build / "build.duckdb", tmp_path)
    ran = dbt_runs.run_dbt(tmp_path, "--quiet", "compile", "--inline", QUERIES)
    assert ran.returncode == 0, ran.stdout
    found = json.loads(ran.stdout[ran.stdout.index("{") :])
    generic = [n["unique_id"] for n in manifest["nodes"].values() if n.get("test_metadata")]
    assert len(generic) > 60
    assert {name: _words(sql) for name, sql in found.items()} == {
        name: _words(compiled_sql[name]) for name in generic
    }


def _words(sql: str) -> list[str]:
    return sql.split()
