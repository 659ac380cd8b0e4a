"""Evaluates the policies of every strategy on the build of the last cycle."""

from __future__ import annotations

from dataclasses import dataclass, field

from scorer.config import Settings
from scorer.errors import StrategyError
from scorer.evaluation.policy_evaluation import Row
from scorer.evaluation.stored_models import Wanted, check_versions, evaluate_strategy
from scorer.ope.estimators import ESTIMATORS
from scorer.progress import Progress
from scorer.warehouse.build_state import state_before
from scorer.warehouse.database import connect_build
from scorer.warehouse.lock import hold_lock
from scorer.warehouse.marts import strategy_ids


@dataclass
class Evaluations:
    """Rows of all evaluated strategies, and the reasons why others could not be evaluated."""

    rows: list[Row] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


def evaluate_policies(settings: Settings, wanted: Wanted, progress: Progress) -> Evaluations:
    """Evaluate policies again on the build of the last cycle; `publish` publishes the result.

    Raises
    ------
    ConfigurationError
        The build holds another cycle or has not trained; a strategy or version is unknown.
    InputError
        A stored model is damaged.
    """
    found = Evaluations()
    with hold_lock(settings.lock_path):
        state_before(settings, "rank")
        with connect_build(settings.build_path) as connection:
            strategies = strategy_ids(connection, settings)
            check_versions(settings, strategies, wanted)
            for strategy in strategies:
                progress.start(f"evaluate {strategy}")
                try:
                    rows = evaluate_strategy(connection, settings, strategy, wanted)
                    found.rows += rows
                    progress.finish(f"{len(rows) // len(ESTIMATORS)} policies")
                except StrategyError as error:
                    found.reasons[strategy] = str(error)
                    progress.finish(str(error))
    return found
