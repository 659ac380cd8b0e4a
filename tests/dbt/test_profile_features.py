"""Features that users compute in SQL, from the model to training examples and candidates."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.support.dbt_runs import run_dbt, xdm_event
from tests.support.paths import PROJECT

DISPLAY = "decisioning.propositionDisplay"
CLICK = "decisioning.propositionInteract"


@pytest.mark.slow
def test_the_documented_recency_feature_uses_nothing_after_the_display(tmp_path: Path) -> None:
    """Examples have the days since the click before their display, candidates those at as_of."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    guide = (PROJECT.parent / "CONTRIBUTING.md").read_text()
    example = re.search(r"## Add a computed feature.*?```sql\n(.*?)```", guide, re.DOTALL)
    assert example is not None
    (project / "models" / "custom" / "profile_features.sql").write_text(example[1])
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
