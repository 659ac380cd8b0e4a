"""Rows of the table `policy_evaluation`: the estimated value of each policy, with interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scorer.ope.estimators import ESTIMATORS
from scorer.ope.evaluation import INSUFFICIENT, PairedDifference, compare, evaluate
from scorer.ope.feedback import TargetPolicy
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import DEPLOYED
from scorer.training.logged_policies import LoggedPolicies
from scorer.training.train import Training

Row = dict[str, Any]

PREVIOUS = "previous"
_OVER_BEST_SINGLE = "lift_over_best_single"


@dataclass(frozen=True)
class Evaluated:
    """One policy to evaluate: its name in the table, version, kind and target policy.

    ``is_cross_fitted`` is True for models trained on these displays fold by fold, False for models
    that are older than every display they are evaluated on.
    """

    policy: str
    model_version: str | None
    model_kind: str | None
    target: TargetPolicy
    is_cross_fitted: bool


def training_rows(training: Training, versions: dict[str, str | None]) -> list[Row]:
    """Evaluate the policies random, best single, new and previous of a training.

    ``versions`` gives the model version of ``best_single``, ``new`` and ``previous``, the model
    that served before the cycle.
    """
    logged, chosen = training.logged, training.selection.chosen
    policies = [
        Evaluated("random", None, None, logged.random, True),
        Evaluated(
            BEST_SINGLE, versions[BEST_SINGLE], BEST_SINGLE, logged.policy(BEST_SINGLE), True
        ),
        Evaluated("new", versions["new"], chosen, training.new, True),
    ]
    rows = list(evaluation_rows(logged, policies))
    if training.since is not None:
        previous = Evaluated(
            PREVIOUS,
            versions[PREVIOUS],
            training.deployed_kind,
            training.since.policy(DEPLOYED),
            False,
        )
        rows += evaluation_rows(training.since, [previous])
    return rows


def evaluation_rows(logged: LoggedPolicies, policies: list[Evaluated]) -> Iterator[Row]:
    """Evaluate policies on the displays with every estimator; lifts are paired."""
    feedback, times = logged.feedback, logged.examples.times
    baselines = {
        "lift_over_random": logged.random,
        _OVER_BEST_SINGLE: logged.policy(BEST_SINGLE),
    }
    window: Row = {"data_window_start": None, "data_window_end": None}
    if len(times):
        window = {
            "data_window_start": times.min().astype(object),
            "data_window_end": times.max().astype(object),
        }
    for policy in policies:
        for estimator in ESTIMATORS:
            found = asdict(evaluate(feedback, policy.target, estimator))
            yield {
                "policy": policy.policy,
                "model_version": policy.model_version,
                "model_kind": policy.model_kind,
                "estimator": estimator,
                **{_COLUMNS.get(name, name): figure for name, figure in found.items()},
                "displays_without_propensity": logged.without_propensity,
                **_lifts(logged, policy, estimator, baselines),
                "is_cross_fitted": policy.is_cross_fitted,
                **window,
            }


# Columns of an estimate whose names differ from those of its fields.
_COLUMNS = {"value": "policy_value", "low": "value_low", "high": "value_high"}


def _lifts(
    logged: LoggedPolicies,
    policy: Evaluated,
    estimator: str,
    baselines: dict[str, TargetPolicy],
) -> Row:
    row: Row = {}
    for name, baseline in baselines.items():
        # The best single offer is cross-fitted on these displays, like new models.
        learned = policy.is_cross_fitted or name == _OVER_BEST_SINGLE
        inflation = logged.inflation if learned else 1.0
        lift = compare(logged.feedback, policy.target, baseline, estimator, inflation=inflation)
        if logged.feedback.displays == 0:
            # No displays: nothing to compare.
            lift = PairedDifference(INSUFFICIENT)
        row |= {name: lift.lift, f"{name}_low": lift.lift_low, f"{name}_high": lift.lift_high}
    return row


def plain(row: Row) -> Row:
    """The row with Python numbers, and None instead of infinities and NaN."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
