"""The quick build in memory reads inputs exactly as dbt does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.warehouse.quick_build import QuickBuild
from tests.support.dbt_runs import AS_OF
from tests.support.paths import PROJECT

MODELS = (
    "stg_raw_files",
    "stg_flat__displays",
    "stg_xdm__events",
    "stg_offers",
    "stg_segment_memberships",
    "stg_rejected_lines",
    "dim_offers",
    "fct_displays",
    "input_findings",
    "offer_readiness",
    "training_examples",
    "ranking_candidates",
)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_the_rows_that_dbt_builds(small_build: Path, model: str) -> None:
    """Each model that a check reads has the same rows as in a dbt build."""
    settings = Settings(
        home=small_build, as_of=datetime.fromisoformat(AS_OF), raw=small_build / "raw"
    )
    assert settings.project_dir == PROJECT
    build = QuickBuild(settings)
    build.build([model])
    connection = build.connection
    connection.execute(f"attach '{small_build / 'build.duckdb'}' as dbt (read_only)")
    for one, other in ((f"main.{model}", f"dbt.main.{model}"), (f"dbt.main.{model}", model)):
        only = connection.execute(f"select * from {one} except all select * from {other}")
        assert only.fetchall() == []
