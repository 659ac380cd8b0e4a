"""Records of a cycle about the models and training runs of a strategy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.registry.model_registry import ModelRegistry
from scorer.registry.model_versions import write_model_versions
from scorer.registry.trained_model import TrainedModel
from scorer.warehouse.database import Connection, connect_memory
from tests.support.benches import as_trained, fitted

T0 = datetime(2026, 11, 1)
WEEK = timedelta(days=7)
TABLES = """
create schema scorer;
create table scorer.model_versions (
    strategy_id varchar, model_version varchar, trained_as_of timestamp, model_kind varchar,
    kpi_type varchar, data_window_start timestamp, data_window_end timestamp, training_rows bigint,
    offers_included integer, offers_personalised integer, metrics varchar, is_deployed boolean
);
create table scorer.training_runs (strategy_id varchar, as_of timestamp, model_version varchar);
"""


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    """One model."""
    return as_trained(fitted("best_single"))


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A build with an empty table of models."""
    connection = connect_memory()
    connection.execute(TABLES)
    yield connection
    connection.close()


@pytest.mark.parametrize("weeks", [(0, 1), (1, 0)], ids=["in order", "back-filled"])
def test_a_model_counts_from_the_first_cycle_that_trained_it(
    connection: Connection, trained: TrainedModel, tmp_path: Path, weeks: tuple[int, int]
) -> None:
    """The rows of a cycle do not depend on the order in which cycles ran."""
    settings = Settings(home=tmp_path, as_of=T0)
    registry = ModelRegistry(settings.models_dir)
    for week in weeks:
        version = registry.save("web", trained, T0 + week * WEEK)
        registry.deploy("web", version, T0 + week * WEEK)
    found = "select model_version, trained_as_of, is_deployed from scorer.model_versions"
    for as_of in (T0, T0 + WEEK):
        now = Settings(home=tmp_path, as_of=as_of)
        write_model_versions(connection, registry, now, "web")
        assert connection.execute(found).fetchall() == [(version, T0, True)]


def test_models_of_later_cycles_are_not_listed(
    connection: Connection, trained: TrainedModel, tmp_path: Path
) -> None:
    """A back-fill ignores models that were deployed after it."""
    settings = Settings(home=tmp_path, as_of=T0)
    registry = ModelRegistry(settings.models_dir)
    registry.deploy("web", registry.save("web", trained, T0 + WEEK), T0 + WEEK)
    write_model_versions(connection, registry, settings, "web")
    assert connection.execute("select * from scorer.model_versions").fetchall() == []


def test_a_model_that_was_held_back_is_listed(
    connection: Connection, trained: TrainedModel, tmp_path: Path
) -> None:
    """A model that a run trained but did not deploy can be found and promoted."""
    settings = Settings(home=tmp_path, as_of=T0)
    registry = ModelRegistry(settings.models_dir)
    version = registry.save("web", trained, T0)
    connection.execute("insert into scorer.training_runs values ('web', ?, ?)", [T0, version])
    write_model_versions(connection, registry, settings, "web")
    found = "select model_version, model_kind, is_deployed from scorer.model_versions"
    assert connection.execute(found).fetchall() == [(version, "best_single", False)]
