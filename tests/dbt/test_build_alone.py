"""`dbt build` works on its own: without the command line, inputs or an earlier scorer run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.support.dbt_runs import artifact, is_mart, run_dbt, xdm_event
from tests.support.paths import PROJECT

DISPLAY = "decisioning.propositionDisplay"


@pytest.fixture(scope="module")
def project_before() -> set[str]:
    """Names in the project's folder before dbt runs."""
    return set(os.listdir(PROJECT))


@pytest.fixture(scope="module")
def empty_build(tmp_path_factory: pytest.TempPathFactory, project_before: set[str]) -> Path:
    """Folder of a full build of nothing, from another working directory, in another time zone."""
    folder = tmp_path_factory.mktemp("empty_build")
    run = run_dbt(folder, "build")
    assert run.returncode == 0, run.stdout[-3000:]
    return folder


@pytest.mark.slow
def test_an_absent_raw_folder_builds_and_passes_every_test(empty_build: Path) -> None:
    """Every model, seed, snapshot, data test and unit test succeeds without a single input file."""
    results = artifact(empty_build, "run_results.json")["results"]
    assert len(results) > 150
    assert {result["status"] for result in results} <= {"success", "pass", "no-op"}


@pytest.mark.slow
def test_tables_of_an_empty_build_are_there_and_empty(empty_build: Path) -> None:
    """Marts are empty, except those of the default strategy, its features and health findings."""
    models = artifact(empty_build, "manifest.json")["nodes"].values()
    marts = {node["name"] for node in models if node["resource_type"] == "model" and is_mart(node)}
    with duckdb.connect(str(empty_build / "build.duckdb"), read_only=True) as connection:
        rows = {
            mart: connection.execute(f'select count(*) from "{mart}"').fetchall()[0][0]
            for mart in marts
        }
    assert rows.pop("dim_ranking_strategies") == 1
    assert rows.pop("strategy_features") > 0
    assert rows.pop("health_findings") > 0
    assert set(rows.values()) == {0}


@pytest.mark.slow
def test_an_empty_file_takes_documents_a_part_and_tables_of_a_schema(tmp_path: Path) -> None:
    """`docs generate` and a build of one mart work on a new file, whose schema may hold inputs."""
    documented = run_dbt(tmp_path, "docs", "generate")
    assert documented.returncode == 0, documented.stdout[-3000:]
    event = xdm_event("d", "2026-01-19T10:00:00Z", DISPLAY, '[{"id": "b"}]')
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("create schema landing")
        connection.execute("create table landing.experience_events as select ? as line", [event])
        connection.execute(
            "create table landing.displays as select 'a' as \"Offer ID\", 'p' as profile_id,"
            " timestamp '2026-01-20 10:00:00' as event_ts, true as clicked"
        )
    only = ("--select", "+fct_displays", "--exclude-resource-type", "unit_test")
    built = run_dbt(tmp_path, "build", *only, raw_schema="landing")
    assert built.returncode == 0, built.stdout[-3000:]
    with duckdb.connect(str(tmp_path / "build.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select offer_id, is_clicked from fct_displays order by offer_id"
        ).fetchall()
    assert found == [("a", True), ("b", False)]


@pytest.mark.slow
def test_nothing_is_written_into_the_project(empty_build: Path, project_before: set[str]) -> None:
    """A run from elsewhere leaves no database, target or log in the project's folder."""
    assert (empty_build / "build.duckdb").exists()
    assert set(os.listdir(PROJECT)) == project_before


@pytest.mark.slow
def test_docs_are_generated_offline(small_build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dbt docs generate` writes its site without network access."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    run = run_dbt(small_build, "docs", "generate", "--no-compile", raw=small_build / "raw")
    assert run.returncode == 0, run.stdout[-3000:]
    catalog = artifact(small_build, "catalog.json")["nodes"]
    assert "model.nextoffer.ranked_offers" in catalog
    assert (small_build / "target" / "index.html").exists()


@pytest.mark.slow
def test_an_older_table_of_the_scorer_gains_its_new_columns(
    small_build: Path, tmp_path: Path
) -> None:
    """A column added to the contract of a mart is also added to the scorer's table."""
    shutil.copy(small_build / "build.duckdb", tmp_path)
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("alter table scorer.policy_evaluation drop column interval_method")
    run = run_dbt(tmp_path, "run", "--select", "policy_evaluation")
    assert run.returncode == 0, run.stdout[-3000:]
    with duckdb.connect(str(tmp_path / "build.duckdb"), read_only=True) as connection:
        found = connection.execute("select interval_method from scorer.policy_evaluation")
        assert found.fetchall() == []


def test_mixed_line_ends_are_named_with_a_remedy(tmp_path: Path) -> None:
    """The engine's message says neither what is wrong with the file nor what to do."""
    file = tmp_path / "raw" / "displays.csv"
    file.parent.mkdir()
    row = b"2026-01-05,p,a\n"
    file.write_bytes(
        b"event_ts,profile_id,offer_id\n" + row * 20 + row.replace(b"\n", b"\r\n") * 20
    )
    only = ("--select", "+stg_flat__displays", "--exclude-resource-types", "unit_test", "test")
    run = run_dbt(tmp_path, "build", *only, raw=file.parent)
    assert run.returncode == 1
    assert f"[input] {file}: ends its lines in two ways; save it with one of them" in run.stdout
