"""Evaluate policies again on the build of a cycle, including any stored model.

A stored model is evaluated only on mature displays after its data window, never on displays that it
was trained on. The best single offer is cross-fitted as in training, without displays from before
an
offer changed. Rows that the training of the cycle wrote are kept, since they are still valid.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from scorer.arrays import Mask
from scorer.config import Settings
from scorer.errors import ConfigurationError, StrategyError
from scorer.evaluation.policy_evaluation import PREVIOUS, Evaluated, Row, evaluation_rows, plain
from scorer.features import encode_users
from scorer.models.best_single import BestSingle
from scorer.models.protocol import RewardModel
from scorer.registry.model_registry import ModelRegistry
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import Incumbent, Scored, score_rows
from scorer.training.examples import Examples, encode_examples, usable_rows
from scorer.training.logged_policies import LoggedPolicies
from scorer.training.means import offer_means
from scorer.training.plan import TrainingPlan, read_plan
from scorer.training.shifts import Shift, outdated_rows
from scorer.training.workbench import deal_folds
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import load_examples, read_data, read_schema
from scorer.warehouse.scorer_tables import replace_evaluations

VERSION = "version"
_OF_TRAINING = ("random", BEST_SINGLE, "new", PREVIOUS)
_FACTS = ("strategy_id", "cycle_date", "as_of")
_SAVED = """
select * from scorer.policy_evaluation
where strategy_id = ? and as_of = ? and list_contains(?::varchar[], policy)
"""

_CHANGED = """
select metrics -> '$.changed_offers' from scorer.training_runs
where strategy_id = ? and as_of <= ? and metrics is not null
order by as_of desc limit 1
"""


@dataclass(frozen=True)
class Wanted:
    """The stored versions to evaluate besides the previous one: those named, or all."""

    versions: tuple[str, ...] = ()
    is_all: bool = False


def evaluate_strategy(
    connection: Connection, settings: Settings, strategy: str, wanted: Wanted
) -> list[Row]:
    """Replace the rows of a strategy and cycle in `scorer.policy_evaluation`; return them.

    `previous` is the model that served before the training of the cycle. Stored versions have the
    policy `version`.

    Raises
    ------
    StrategyError
        Nothing to evaluate on: no display, no success, or fewer than 2 ready offers.
    """
    data = read_data(connection, strategy)
    missing = data.missing()
    if missing is not None:
        raise StrategyError(missing)
    schema = read_schema(connection, strategy)
    plan = read_plan(connection, settings, strategy, data)
    table = load_examples(connection, strategy, schema)
    examples = encode_examples(table, schema, plan.offers, plan.kpi_type, plan.eligible)
    outdated = outdated_rows(examples, _changes(connection, settings, strategy))
    examples = replace(examples, outdated=outdated)
    rows = _kept(connection, settings, strategy) or _baselines(examples)
    known = {(row["policy"], row["model_version"]) for row in rows}
    table = usable_rows(table, plan.offers)
    for name, stored in _stored(settings, strategy, plan, wanted):
        if (name, stored.version) not in known:
            users = {stored.model.schema: encode_users(table, stored.model.schema)}
            rows += _since(replace(examples, other_users=users), name, stored)
    rows = [plain(row) for row in rows]
    connection.execute("begin")
    replace_evaluations(connection, settings, strategy, rows)
    connection.execute("commit")
    key: Row = {"strategy_id": strategy, "cycle_date": settings.cycle_date}
    return [key | {"as_of": settings.as_of} | row for row in rows]


def check_versions(settings: Settings, strategies: Sequence[str], wanted: Wanted) -> None:
    """Raise ConfigurationError for a version that none of the strategies has."""
    known = {v for s in strategies for v in _versions(settings, s)}
    for version in wanted.versions:
        if version not in known:
            raise ConfigurationError(
                f"--model-version: {version!r} is unknown; known versions of"
                f" {', '.join(strategies)}: {', '.join(sorted(known)) or 'none'}"
            )


def _versions(settings: Settings, strategy: str) -> list[str]:
    """Versions trained up to the cycle, oldest first."""
    manifests = ModelRegistry(settings.models_dir).versions(strategy)
    as_of = settings.as_of.isoformat()
    return [m["model_version"] for m in manifests if m.get("trained_as_of", "") <= as_of]


def _kept(connection: Connection, settings: Settings, strategy: str) -> list[Row]:
    """Rows that the training of the cycle wrote, [] if it has not trained."""
    found = connection.sql(_SAVED, params=[strategy, settings.as_of, list(_OF_TRAINING)])
    rows: list[Row] = found.to_arrow_table().to_pylist()
    return [{name: row[name] for name in row if name not in _FACTS} for row in rows]


def _changes(connection: Connection, settings: Settings, strategy: str) -> tuple[Shift, ...]:
    """Abrupt changes of offers that the latest training up to the cycle found."""
    found = connection.execute(_CHANGED, [strategy, settings.as_of]).fetchall()
    entries = json.loads(found[0][0] or "[]") if found else []
    return tuple(Shift(**e | {"since": date.fromisoformat(e["since"])}) for e in entries)


def _stored(
    settings: Settings, strategy: str, plan: TrainingPlan, wanted: Wanted
) -> list[tuple[str, Incumbent]]:
    """Policy name and model of all stored models to evaluate.

    A damaged model is skipped unless it was named.
    """
    found = [] if plan.incumbent is None else [(PREVIOUS, plan.incumbent)]
    previous = {stored.version for _, stored in found}
    registry = ModelRegistry(settings.models_dir)
    damaged = {m["model_version"] for m in registry.versions(strategy) if "error" in m}
    chosen = set(_versions(settings, strategy)) - damaged if wanted.is_all else set()
    chosen |= set(wanted.versions) & set(_versions(settings, strategy))
    for version in _versions(settings, strategy):
        if version in chosen - previous:
            end = datetime.fromisoformat(registry.manifest(strategy, version)["data_window_end"])
            found.append((VERSION, Incumbent(registry.load(strategy, version), end, version)))
    return found


def _baselines(examples: Examples) -> list[Row]:
    """Random and best single on all displays, if the cycle has not trained."""
    logged = _logged(examples, np.ones(len(examples), dtype=np.bool_), {})
    policies = [
        Evaluated("random", None, None, logged.random, True),
        Evaluated(BEST_SINGLE, None, BEST_SINGLE, logged.policy(BEST_SINGLE), True),
    ]
    return list(evaluation_rows(logged, policies))


def _since(examples: Examples, name: str, stored: Incumbent) -> list[Row]:
    """One stored model on the displays after its data window."""
    later = examples.times > np.datetime64(stored.data_window_end, "us")
    logged = _logged(examples, later, {VERSION: stored.model})
    target = logged.policy(VERSION)
    evaluated = Evaluated(name, stored.version, stored.model.kind, target, False)
    return list(evaluation_rows(logged, [evaluated]))


def _logged(examples: Examples, chosen: Mask, models: dict[str, RewardModel]) -> LoggedPolicies:
    """The chosen displays, scored by the cross-fitted best single offer and these models."""
    folds = deal_folds(examples)
    part, ready = examples.take(chosen), examples.catalogue.ready
    others = {name: part.other_users[model.schema] for name, model in models.items()}
    users = {BEST_SINGLE: part.users, **others}
    scored = Scored.empty(tuple(users), len(part))
    for fold in np.unique(folds).tolist():
        means = offer_means(examples.take(folds != fold))
        best = BestSingle(examples.schema, ready, means[: len(ready)])
        sighted = list(zip([best, *models.values()], users.values(), strict=True))
        score_rows(scored, sighted, means, part, np.flatnonzero(folds[chosen] == fold))
    return LoggedPolicies.of(part, scored)
