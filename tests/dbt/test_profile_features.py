"""Features that users compute in SQL, from the model to training examples and candidates."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from scorer.config import Settings
from scorer.errors import ConfigurationError
from scorer.inputs.configuration import check_configuration
from scorer.warehouse.quick_build import QuickBuild
from tests.support.dbt_runs import run_dbt, xdm_event
from tests.support.paths import PROJECT

DISPLAY = "decisioning.propositionDisplay"
CLICK = "decisioning.propositionInteract"


def with_recency(tmp_path: Path) -> Path:
    """Return a copy of the project with the documented computed feature, `days_since_click`."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    guide = (PROJECT.parent / "CONTRIBUTING.md").read_text()
    example = re.search(r"## Add a computed feature.*?```sql\n(.*?)```", guide, re.DOTALL)
    assert example is not None
    (project / "models" / "custom" / "profile_features.sql").write_text(example[1])
    return project


@pytest.mark.slow
def test_the_documented_recency_feature_uses_nothing_after_the_display(tmp_path: Path) -> None:
    """Examples have the days since the click before their display, candidates those at as_of."""
    project = with_recency(tmp_path)
    raw = tmp_path / "raw"
    raw.mkdir()
    events = [
        xdm_event("before", "2026-01-19T10:00:00Z", DISPLAY, '[{"id": "a"}]'),
        xdm_event("at_the_display", "2026-01-19T10:00:00Z", CLICK, '[{"id": "a"}]'),
        xdm_event("click", "2026-01-19T11:00:00Z", CLICK, '[{"id": "a"}]'),
        xdm_event("same_day", "2026-01-19T12:00:00Z", DISPLAY, '[{"id": "a"}]'),
        xdm_event("later", "2026-01-22T12:00:00Z", DISPLAY, '[{"id": "a"}]'),
        xdm_event("after_as_of", "2026-01-31T01:00:00Z", CLICK, '[{"id": "a"}]'),
    ]
    (raw / "events.ndjson").write_text("\n".join(events) + "\n")
    strategy = "strategy_id,context_features\nweb,days_since_click\n"
    (raw / "ranking_strategies.csv").write_text(strategy)
    check_configuration(Settings(tmp_path, datetime(2026, 1, 30), project, raw))
    selected = ("--selector", "features", "--exclude-resource-type", "unit_test")
    run = run_dbt(tmp_path, "build", *selected, raw=raw, project=project)
    assert run.returncode == 0, run.stdout[-3000:]
    with duckdb.connect(str(tmp_path / "build.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select context['days_since_click'] from training_examples order by event_ts"
        ).fetchall()
        assert found == [(None,), ("0",), ("1",)]
        found = connection.execute(
            "select context['days_since_click'] from ranking_candidates"
        ).fetchall()
        assert found == [("7",)]
        found = connection.execute(
            "select value_type from strategy_features where feature_name = 'days_since_click'"
        ).fetchall()
        assert found == [("number",)]
        found = connection.execute(
            "select feature_name from strategy_features where feature_kind = 'context'"
        ).fetchall()
        assert found == [("days_since_click",)]


def test_a_computed_feature_may_not_hide_one_of_the_context(tmp_path: Path) -> None:
    """A computed feature with the name of a context feature is a configuration error."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "events.ndjson").write_text(
        xdm_event("click", "2026-01-19T11:00:00Z", CLICK, '[{"id": "a"}]') + "\n"
    )
    (raw / "context_features.csv").write_text("feature_name,path\ndays_since_click,device.x\n")
    build = QuickBuild(Settings(tmp_path, datetime(2026, 1, 30), with_recency(tmp_path), raw))
    with pytest.raises(ConfigurationError, match="has a feature days_since_click already"):
        build.build(["strategy_features"])
    build.close()


def test_a_feature_that_nothing_has_is_named(tmp_path: Path) -> None:
    """A context feature of a strategy that neither displays nor the project have is a finding."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "displays.csv").write_text("event_ts,profile_id,offer_id,ctx_age\n2026-01-19,p,a,7\n")
    (raw / "ranking_strategies.csv").write_text("strategy_id,context_features\nweb,age|agee\n")
    build = QuickBuild(Settings(tmp_path, datetime(2026, 1, 30), PROJECT, raw))
    build.build(["input_findings"])
    found = "select subject from input_findings where finding = 'unknown feature'"
    assert build.connection.execute(found).fetchall() == [("agee",)]
    build.close()
