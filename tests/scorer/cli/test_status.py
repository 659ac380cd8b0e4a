"""The status, before and after the first publication."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from scorer.config import Settings
from scorer.warehouse.build_state import CycleState, save_state, set_current_cycle
from scorer.warehouse.database import connect_build
from scorer.warehouse.publications import PUBLISHED_TABLES, publish
from tests.support.commands import Command

BUILD = """
create or replace table ranked_offers as
select
    'web' as strategy_id, date '2026-01-11' as cycle_date, 'p' as profile_id,
    'hero' as placement_id, 1 as rank;
create or replace table dim_ranking_strategies as
select unnest(['mail', 'web']) as strategy_id, 0.1 as exploration_share;
create or replace table training_runs as
select
    'web' as strategy_id, unnest([timestamp '2026-01-04', '2026-01-11']) as as_of,
    'succeeded' as status, null::varchar as reason, 'abc123' as deployed_model_version,
    24 as offers_included, 20 as offers_personalised;
create or replace table model_versions as
select
    'web' as strategy_id, 'abc123' as model_version, timestamp '2026-01-11' as trained_as_of,
    timestamp '2025-12-12' as data_window_start, timestamp '2026-01-10' as data_window_end;
create or replace table traffic_allocation as
select
    'web' as strategy_id,
    unnest([date '2026-01-04', date '2026-01-10', date '2026-01-03']) as display_date,
    unnest(['random', 'contextual', 'random']) as traffic_type, unnest([10, 90, 500]) as displays;
create or replace table health_findings as
select
    unnest(['web', 'web', 'mail']) as strategy_id, 'stable_performance' as assumption,
    unnest(['a', 'b', 'a']) as subject, unnest(['warning', 'ok', 'severe']) as severity,
    unnest([2, 4, 1]) as severity_order,
    unnest(['Less.', 'Same.', 'None.']) as sentence, unnest(['Look.', null, 'Train.']) as advice,
    unnest([false, false, true]) as retrain_recommended;
"""


@pytest.fixture
def published(home: Path) -> Path:
    """Publish one strategy with a model and one that never ran; return the home folder."""
    home.mkdir()
    settings = Settings(home=home, as_of=datetime(2026, 1, 11))
    with connect_build(settings.build_path) as connection:
        for table in PUBLISHED_TABLES:
            connection.execute(f"create table {table} as select 1 as a")
        connection.execute(BUILD)
    file = publish(settings, "")
    state = CycleState(settings.as_of.isoformat(), "", ["features"], {}, file.name)
    save_state(settings.cycles_dir, state)
    set_current_cycle(settings.cycles_dir, state.as_of)
    return home


def test_the_status_names_database_run_and_strategies(published: Path, nextoffer: Command) -> None:
    """`status --json` has the published file, the last run and the state of every strategy."""
    outcome = nextoffer("status", "--json", "--home", published)
    assert outcome.code == 0
    found = json.loads(outcome.out)
    assert Path(found["published_database"]).name == "nextoffer-20260111T000000.duckdb"
    assert Path(found["published_database"]).is_file()
    assert found["last_run"]["as_of"] == "2026-01-11T00:00:00"
    assert found["last_run"]["is_finished"]
    mail, web = found["strategies"]
    assert (mail["strategy_id"], mail["status"]) == ("mail", "never ran")
    assert mail["deployed_model"] is None
    assert web["deployed_model"] == "abc123"
    assert web["data_range"] == ["2025-12-12T00:00:00", "2026-01-10T00:00:00"]
    assert (web["offers_included"], web["offers_personalised"]) == (24, 20)
    assert web["traffic_allocation"] == {"contextual": 0.9, "random": 0.1}


def test_the_status_is_a_table_for_people(published: Path, nextoffer: Command) -> None:
    """Without `--json`, the same state is printed as a table."""
    outcome = nextoffer("status", "--home", published)
    assert outcome.code == 0
    for text in ("abc123", "20 of 24 personalised", "contextual 90%", "never ran"):
        assert text in outcome.out


def test_the_status_lists_what_is_broken(published: Path, nextoffer: Command) -> None:
    """Findings of severity warning or severe are listed, the worst first; others are not."""
    findings = json.loads(nextoffer("status", "--json", "--home", published).out)["findings"]
    assert [(row["strategy_id"], row["severity"]) for row in findings] == [
        ("mail", "severe"),
        ("web", "warning"),
    ]
    assert findings[0] == {
        "strategy_id": "mail",
        "severity": "severe",
        "assumption": "stable_performance",
        "subject": "a",
        "sentence": "None.",
        "advice": "Train.",
        "retrain_recommended": True,
    }


def test_findings_are_sentences_for_people(published: Path, nextoffer: Command) -> None:
    """Below the table each finding is a line, and an early retraining is a command."""
    lines = nextoffer("status", "--home", published).out.splitlines()
    assert lines[-3:] == [
        "severe: mail: None. Train.",
        "warning: web: Less. Look.",
        f"Run `nextoffer run --home {published} --retrain-now` to train again without waiting for"
        " the next cycle.",
    ]


@pytest.mark.parametrize(("severity", "found"), [("warning", 2), ("severe", 1)])
def test_a_scheduler_may_fail_on_findings(
    severity: str, found: int, published: Path, nextoffer: Command
) -> None:
    """--fail-on ends with code 6 on findings of the severity or above, and names them."""
    outcome = nextoffer("status", "--fail-on", severity, "--home", published)
    assert outcome.code == 6
    assert f"{found} findings: severe stable_performance of mail" in outcome.error
    assert nextoffer("status", "--home", published).code == 0


def test_a_scheduler_fails_on_a_failed_strategy(published: Path, nextoffer: Command) -> None:
    """A strategy whose last run failed counts as severe."""
    file = (published / "published.duckdb").resolve()
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update training_runs set status = 'failed'; delete from health_findings"
        )
    outcome = nextoffer("status", "--fail-on", "severe", "--home", published)
    assert outcome.code == 6
    assert "web failed" in outcome.error


def test_before_the_first_run_the_status_says_what_to_do(home: Path, nextoffer: Command) -> None:
    """An empty home folder is an error with `--fail-on` only; the ways to start are named."""
    outcome = nextoffer("status", "--home", home)
    assert outcome.code == 0
    assert f"nextoffer run --home {home} --raw FOLDER" in outcome.out
    assert "nextoffer demo" in outcome.out
    assert nextoffer("status", "--home", home, "--fail-on", "severe").code == 6


def test_a_publication_without_findings_has_none(published: Path, nextoffer: Command) -> None:
    """A file that an earlier version published is not an error."""
    file = (published / "published.duckdb").resolve()
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table health_findings")
    assert json.loads(nextoffer("status", "--json", "--home", published).out)["findings"] == []


def test_before_the_first_run_the_status_is_empty(home: Path, nextoffer: Command) -> None:
    """A home folder without a publication is not an error."""
    found = json.loads(nextoffer("status", "--json", "--home", home).out)
    assert found["published_database"] is None
    assert found["last_run"] is None
    assert found["strategies"] == []
    assert found["findings"] == []


def test_nothing_published_is_an_input_error_for_a_query(home: Path, nextoffer: Command) -> None:
    """A query before the first publication ends with code 3 and says what to run."""
    outcome = nextoffer("query", "select 1", "--home", home)
    assert outcome.code == 3
    assert "nextoffer run" in outcome.error


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.6])
@pytest.mark.parametrize("is_cut", [True, False])
def test_a_damaged_publication_is_named(
    published: Path, nextoffer: Command, tmp_path: Path, kept: float, is_cut: bool
) -> None:
    """A command that reads a damaged part of a publication names the file and a remedy."""
    (file,) = published.glob("published/*.duckdb")
    content = file.read_bytes()
    start = int(len(content) * kept)
    file.chmod(0o644)
    file.write_bytes(content[:start] + (b"" if is_cut else b"\1" * (len(content) - start)))
    codes = []
    for command in (
        ["status"],
        ["tables"],
        ["query", "select * from ranked_offers"],
        ["export", "--out", tmp_path / "out.csv"],
    ):
        outcome = nextoffer(*command, "--home", published)
        codes.append(outcome.code)
        if outcome.code:
            assert outcome.err.startswith(f"error: {file} cannot be read: "), outcome.err
            assert outcome.err.count("\n") == 1
            assert "; delete the file and run" in outcome.err
    assert set(codes) <= {0, 3}
    assert 3 in codes
