"""One failing strategy does not stop the others."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.cycle import all_strategies
from scorer.errors import ConfigurationError, InputError
from scorer.interruption import Interrupted, interruptible, stop_if_interrupted
from scorer.progress import Progress, Silent
from scorer.warehouse.database import Connection, connect_build
from scorer.warehouse.marts import strategy_ids

RUNS = """
create schema scorer;
create table scorer.training_runs (
    strategy_id varchar, cycle_date date, as_of timestamp, status varchar, reason varchar,
    training_rows bigint, exploration_share double
);
create table scorer.ranked_offers (strategy_id varchar, valid_from timestamp);
create table scorer.model_versions (strategy_id varchar);
create table scorer.policy_evaluation (strategy_id varchar, as_of timestamp);
create table scorer.scored_displays (strategy_id varchar);
create table scorer.feature_importance (strategy_id varchar);
create table dim_ranking_strategies as
select unnest(['mail', 'shop', 'web']) as strategy_id, 0.1 as exploration_share;
"""


@pytest.fixture
def settings(home: Path) -> Settings:
    """Return settings of a home folder with three strategies."""
    home.mkdir()
    settings = Settings(home=home, as_of=datetime(2026, 1, 4))
    with connect_build(settings.build_path) as connection:
        connection.execute(RUNS)
    return settings


def step(failing: dict[str, Exception]) -> all_strategies.StrategyStep:
    """Return a step that fails for some strategies, in the middle of a transaction."""

    def run(connection: Connection, settings: Settings, strategy: str, progress: Progress) -> str:
        connection.execute("begin")
        connection.execute(
            "insert into scorer.training_runs by name"
            " select ? as strategy_id, ?::timestamp as as_of, 'succeeded' as status",
            [strategy, settings.as_of],
        )
        if strategy in failing:
            raise failing[strategy]
        connection.execute("commit")
        return "done"

    return run


def run_all(
    settings: Settings, failing: dict[str, Exception], label: str = "train"
) -> dict[str, str]:
    """Run the step for every strategy."""
    with connect_build(settings.build_path) as connection:
        strategies = strategy_ids(connection, settings)
        return all_strategies.run_each(
            connection, settings, Silent(), label, {name: step(failing) for name in strategies}
        )


def recorded(settings: Settings) -> list[tuple[str, str, str | None]]:
    """Return strategy, status and reason of every run."""
    with connect_build(settings.build_path) as connection:
        return connection.execute(
            "select strategy_id, status, reason from scorer.training_runs order by 1"
        ).fetchall()


def test_a_failing_strategy_is_recorded_and_the_others_go_on(settings: Settings) -> None:
    """The failure and its reason are in `training_runs`; half-written rows are not."""
    failures = run_all(settings, {"shop": InputError("model file damaged")})
    assert failures == {"shop": "train: model file damaged"}
    assert recorded(settings) == [
        ("mail", "succeeded", None),
        ("shop", "failed", "train: model file damaged"),
        ("web", "succeeded", None),
    ]


def test_an_unexpected_failure_leaves_its_traceback_in_the_log(settings: Settings) -> None:
    """A bug is reported in one line; the traceback is in the log of the home folder."""
    failures = run_all(settings, {"mail": ZeroDivisionError("division by zero")})
    assert failures["mail"].startswith("train: ZeroDivisionError: division by zero (see logs/")
    assert "Traceback" in (settings.logs_dir / "errors.log").read_text()


def test_a_failure_replaces_the_row_of_the_same_moment(settings: Settings) -> None:
    """A strategy has one run per as_of, even after earlier runs."""
    run_all(settings, {"web": InputError("first")})
    run_all(settings, {name: InputError("second") for name in ("mail", "shop", "web")})
    assert [row[2] for row in recorded(settings) if row[0] == "web"] == ["train: second"]


def test_a_failure_to_rank_keeps_what_training_recorded(settings: Settings) -> None:
    """The run then has status failed, and keeps the data that the model was trained on."""
    with connect_build(settings.build_path) as connection:
        connection.execute(
            "insert into scorer.training_runs by name select 'web' as strategy_id,"
            " ?::timestamp as as_of, 'succeeded' as status, 9 as training_rows",
            [settings.as_of],
        )
    run_all(settings, {"web": InputError("model file damaged")}, label="rank")
    with connect_build(settings.build_path) as connection:
        row = connection.execute(
            "select status, reason, training_rows from scorer.training_runs"
            " where strategy_id = 'web'"
        ).fetchall()
    assert row == [("failed", "rank: model file damaged", 9)]


def test_an_unknown_strategy_is_refused(settings: Settings) -> None:
    """An unknown `--strategy` is refused, and the message names the known ones."""
    chosen = replace(settings, strategy="app")
    with connect_build(settings.build_path) as connection:  # noqa: SIM117
        with pytest.raises(
            ConfigurationError, match="'app' is unknown; there are: mail, shop, web"
        ):
            strategy_ids(connection, chosen)


def test_rows_of_removed_strategies_and_of_the_future_are_dropped(settings: Settings) -> None:
    """Rows of removed strategies and, after a back-fill, of later cycles are deleted."""
    with connect_build(settings.build_path) as connection:
        connection.execute(
            "insert into scorer.ranked_offers values ('gone', '2026-01-04'),"
            " ('mail', '2026-01-11'), ('web', '2025-12-28')"
        )
        all_strategies.remove_foreign_rows(connection, settings)
        left = connection.execute("select strategy_id from scorer.ranked_offers").fetchall()
    assert left == [("web",)]


def test_an_interrupted_strategy_is_no_failed_strategy(settings: Settings) -> None:
    """A query that a signal cancels ends the run: nothing is recorded, no other strategy runs."""

    def cancelled(*_: object) -> str:
        with contextlib.suppress(Interrupted):
            os.kill(os.getpid(), signal.SIGINT)
            stop_if_interrupted()
        raise RuntimeError("Query interrupted")

    steps = {"mail": step({}), "shop": cancelled, "web": step({})}
    with (
        pytest.raises(Interrupted),
        interruptible(),
        connect_build(settings.build_path) as connection,
    ):
        all_strategies.run_each(connection, settings, Silent(), "rank", steps)
    assert recorded(settings) == [("mail", "succeeded", None)]
