"""Running dbt on a project of three models."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from dbt.cli import requires
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager_client import add_logger_to_manager
from dbt_common.events.functions import get_stdout_config
from dbt_common.events.logger import LineFormat

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError, NextofferError
from scorer.interruption import Interrupted, interruptible
from scorer.progress import Silent
from scorer.warehouse.database import connect_build
from scorer.warehouse.dbt import parse_project, run_dbt, useful_line

PROJECT = """
name: toy
version: "1.0"
config-version: 2
profile: toy
flags: {send_anonymous_usage_stats: false}
vars: {as_of: "", raw_path: "", kpi: ""}
"""
PROFILE = """
toy:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('NEXTOFFER_DATABASE') }}", threads: 1}
"""
SELECTORS = """
selectors:
  - {name: good, definition: {method: fqn, value: first, children: true}}
  - {name: database, definition: {method: fqn, value: misspelled}}
  - {name: input, definition: {method: fqn, value: unreadable}}
  - {name: configuration, definition: {method: fqn, value: misconfigured}}
  - {name: kept, definition: {method: fqn, value: kept}}
  - {name: contract, definition: {method: fqn, value: contracted}}
  - {name: test, definition: {method: fqn, value: failing, children: true}}
"""
MODELS = {
    "first.sql": "select '{{ var(\"as_of\") }}' as as_of",
    "second.sql": "select as_of from {{ ref('first') }}",
    "misspelled.sql": "select nothing_like_this from (select 1 as a)",
    "unreadable.sql": "{{ exceptions.raise_compiler_error('[input] x.csv: no a') if execute }}",
    "misconfigured.sql": "{{ config(materialized='table') }}"
    " select error('[config] strategies.csv line 3: wrong')",
    "kept.sql": "{{ config(materialized='incremental', on_schema_change='fail') }} select 1 as a",
    "failing.sql": "{{ config(materialized='table') }} select null as a",
    "contracted.sql": "{{ config(materialized='table') }} select 2 as a",
    "models.yml": "models: [{name: failing, columns: [{name: a, data_tests: [not_null]}]},"
    " {name: contracted, config: {contract: {enforced: true}}, columns: [{name: a,"
    " data_type: integer, constraints: [{type: check, expression: a < 2}]}]}]",
}


class Counter(Silent):
    """Records the progress of a run."""

    def __init__(self) -> None:
        self.expected, self.done, self.names = 0, 0, list[str]()

    def total(self, total: int) -> None:
        """Record the total."""
        self.expected = total

    def advance(self, n: int = 1, text: str = "") -> None:
        """Count."""
        self.done += n
        self.names.append(text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dbt project."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "models").mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "selectors.yml").write_text(SELECTORS)
    for name, content in MODELS.items():
        (folder / "models" / name).write_text(content)
    return folder


@pytest.fixture(scope="module")
def settings(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings for that project."""
    home = tmp_path_factory.mktemp("home")
    return Settings(home=home, as_of=datetime(2026, 1, 4), project_dir=project)


def as_of_in_build(settings: Settings) -> str:
    """Return the moment that the models were built for."""
    with connect_build(settings.build_path) as connection:
        row = connection.execute("select as_of from second").fetchone()
    assert row is not None
    return str(row[0])


def test_progress_counts_every_node_once(settings: Settings) -> None:
    """The total is known before the first node ends, and every node is counted once."""
    progress = Counter()
    assert run_dbt(settings, "good", "features", progress) == 2
    assert (progress.expected, progress.done) == (2, 2)
    assert set(progress.names) >= {"first", "second"}


def test_every_run_has_its_own_variables(settings: Settings) -> None:
    """A second run in the same process uses its own variables."""
    for day in (11, 18):
        run_dbt(replace(settings, as_of=datetime(2026, 1, day)), "good", "features", Silent())
        assert as_of_in_build(settings) == f"2026-01-{day} 00:00:00"


def test_an_edited_project_is_parsed_again(settings: Settings) -> None:
    """A model that changes between two runs of a process is built as it is now."""
    model = settings.project_dir / "models" / "second.sql"
    before = model.read_text()
    try:
        model.write_text("select 'edited' as as_of from {{ ref('first') }}")
        run_dbt(settings, "good", "features", Silent())
        assert as_of_in_build(settings) == "edited"
    finally:
        model.write_text(before)


def test_the_build_file_is_free_after_a_run(settings: Settings) -> None:
    """The lock that dbt holds on the file is released, so that the scorer can write."""
    run_dbt(settings, "good", "features", Silent())
    with connect_build(settings.build_path) as connection:
        connection.execute("create or replace table written as select 1 as a")


@pytest.mark.parametrize(
    ("selector", "error", "text"),
    [
        ("database", NextofferError, "dbt: model misspelled failed: Binder Error: .*nothing_like"),
        ("input", InputError, r"^x\.csv: no a$"),
        ("configuration", ConfigurationError, r"^strategies\.csv line 3: wrong$"),
        ("test", InputError, "dbt: data test not_null_failing_a failed: Got 1 result"),
        ("contract", InputError, "dbt: model contracted failed: Constraint Error: CHECK"),
    ],
)
def test_a_failure_names_the_model_and_the_cause(
    settings: Settings, selector: str, error: type[NextofferError], text: str
) -> None:
    """One line names the model or test and the message of the database; marks determine the exit
    code."""
    with pytest.raises(error, match=text) as raised:
        run_dbt(settings, selector, "features", Silent())
    assert "\n" not in str(raised.value)
    assert type(raised.value) is error


def test_a_build_file_of_another_version_is_read_anew_when_asked(settings: Settings) -> None:
    """Changed columns give an error with a remedy, and the remedy works."""
    run_dbt(settings, "kept", "features", Silent())
    with connect_build(settings.build_path) as connection:
        connection.execute("alter table kept rename column a to b")
    with pytest.raises(ConfigurationError, match="other columns; add --full-refresh") as raised:
        run_dbt(settings, "kept", "features", Silent())
    assert "\n" not in str(raised.value)
    run_dbt(replace(settings, full_refresh=True), "kept", "features", Silent())
    with connect_build(settings.build_path) as connection:
        assert connection.execute("select a from kept").fetchall() == [(1,)]


def test_headings_are_no_reason() -> None:
    """The line that names the cause is found below dbt's heading."""
    message = "Runtime Error in model a (models/a.sql)\n  IO Error: no such file\n  more"
    assert useful_line(message) == "IO Error: no such file"


def test_settings_of_another_dbt_do_not_reach_ours(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment variables of another dbt have no effect and are kept."""
    foreign = {
        "DBT_TARGET": "prod",
        "DBT_PROFILE": "other",
        "DBT_ENGINE_TARGET": "prod",
        "DBT_PROJECT_DIR": "/nowhere",
        "DBT_PROFILES_DIR": "/nowhere",
        "DBT_TARGET_PATH": "/nowhere",
        "DBT_FULL_REFRESH": "maybe",
        "DBT_THREADS": "many",
    }
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    assert run_dbt(settings, "good", "features", Silent()) == 2
    assert {name: os.environ[name] for name in foreign} == foreign


def test_a_signal_while_dbt_starts_prints_nothing(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Before dbt knows that it must not log, a signal leaves no traceback."""
    # As after the import of dbt, where nothing is parsed yet.
    monkeypatch.setenv("NEXTOFFER_PARSED", str(tmp_path))
    add_logger_to_manager(get_stdout_config(LineFormat.PlainText, True, EventLevel.INFO, False))
    monkeypatch.setattr(requires, "Flags", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted), interruptible():
        parse_project(replace(settings, home=tmp_path))
    assert capfd.readouterr() == ("", "")
