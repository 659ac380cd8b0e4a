"""Trains and ranks every strategy; a failure is recorded and does not stop the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from threading import Lock

from threadpoolctl import threadpool_limits

from scorer.config import Settings
from scorer.errors import NextofferError, write_traceback
from scorer.interruption import stop_if_interrupted
from scorer.progress import Progress
from scorer.sql import first_line
from scorer.warehouse.database import (
    Connection,
    DatabaseError,
    connect_beside,
    connect_build,
    is_machine_error,
)
from scorer.warehouse.marts import read_data, strategy_ids

_RUN = "strategy_id = ? and as_of = ?"
_MANY_ROWS = 150_000
StrategyStep = Callable[[Connection, Settings, str, Progress], str]


def train_strategies(settings: Settings, progress: Progress) -> dict[str, str]:
    """Train every strategy; return the reasons of failures, by strategy.

    Two strategies are trained at a time, since one alone leaves half of two cores idle; large ones,
    which keep the cores busy and fill the memory, one at a time. Only this thread writes, in the
    order of the strategies, so that all is as if they were trained one after another. BLAS uses
    one thread: more would sum in another order, and wait for each other most of the time.
    """
    from scorer.cycle.one_strategy import Trained, record_training, train_on_examples
    from scorer.models.side_by_side import one_ahead

    alone = Lock()
    with connect_build(settings.build_path) as connection, threadpool_limits(1, "blas"):

        def train(strategy: str) -> Trained:
            with connect_beside(connection) as beside:
                is_large = read_data(beside, strategy).training_rows > _MANY_ROWS
                with alone if is_large else contextlib.nullcontext():
                    stop_if_interrupted()
                    return train_on_examples(beside, settings, strategy)

        strategies = strategy_ids(connection, settings)
        with one_ahead(train, strategies) as trained:

            def record(
                connection: Connection, settings: Settings, strategy: str, progress: Progress
            ) -> str:
                return record_training(connection, settings, strategy, progress, trained())

            steps = dict.fromkeys(strategies, record)
            return run_each(connection, settings, progress, "train", steps)


def rank_strategies(settings: Settings, progress: Progress) -> dict[str, str]:
    """Rank every strategy; return the reasons of failures, by strategy."""
    from scorer.cycle.one_strategy import rank_strategy

    with connect_build(settings.build_path) as connection:
        remove_foreign_rows(connection, settings)
        steps = dict.fromkeys(strategy_ids(connection, settings), rank_strategy)
        return run_each(connection, settings, progress, "rank", steps)


def run_each(
    connection: Connection,
    settings: Settings,
    progress: Progress,
    label: str,
    steps: Mapping[str, StrategyStep],
) -> dict[str, str]:
    """Run the step of each strategy; return the reasons of failures, by strategy.

    A failed step is rolled back and recorded in `training_runs`; the other strategies go on. An
    interruption, and a file that the machine cannot read or write, as on a full disk, end the run
    instead.
    """
    failures = {}
    for strategy, step in steps.items():
        progress.start(f"{label} {strategy}")
        try:
            summary = step(connection, settings, strategy, progress)
        except Exception as error:
            stop_if_interrupted()
            if is_machine_error(error):
                raise
            reason = f"{label}: {_reason(error, settings)}"
            failures[strategy] = reason
            _record_failure(connection, settings, strategy, label, reason)
            summary = f"failed: {reason}"
        stop_if_interrupted()
        progress.finish(summary)
    return failures


def _reason(error: Exception, settings: Settings) -> str:
    if isinstance(error, NextofferError):
        return str(error)
    log = write_traceback(settings.logs_dir, error)
    return f"{type(error).__name__}: {first_line(error)} (see logs/{log.name})"


def _record_failure(
    connection: Connection, settings: Settings, strategy: str, label: str, reason: str
) -> None:
    """Record the failure; keep what an earlier step of the cycle recorded."""
    with contextlib.suppress(DatabaseError):
        connection.execute("rollback")
    key = [strategy, settings.as_of]
    connection.execute("begin")
    if label == "train":
        connection.execute(f"delete from scorer.training_runs where {_RUN}", key)
    connection.execute(
        "insert into scorer.training_runs by name select ? as strategy_id,"
        " ?::timestamp as as_of, ?::date as cycle_date, exploration_share"
        " from main.dim_ranking_strategies where strategy_id = ?"
        f" and not exists (select 1 from scorer.training_runs where {_RUN})",
        [*key, settings.cycle_date, strategy, *key],
    )
    connection.execute(
        f"update scorer.training_runs set status = 'failed', reason = ? where {_RUN}",
        [reason, *key],
    )
    connection.execute("commit")


def remove_foreign_rows(connection: Connection, settings: Settings) -> None:
    """Delete rows of strategies that no longer exist, of later cycles, and from the future."""
    connection.execute(
        "delete from scorer.ranked_offers where valid_from > ? or strategy_id not in"
        " (select strategy_id from main.dim_ranking_strategies)",
        [settings.as_of],
    )
    for table in ("training_runs", "policy_evaluation"):
        connection.execute(f"delete from scorer.{table} where as_of > ?", [settings.now])
    for table in ("model_versions", "policy_evaluation", "scored_displays", "feature_importance"):
        connection.execute(
            f"delete from scorer.{table} where strategy_id not in"
            " (select strategy_id from main.dim_ranking_strategies)"
        )
