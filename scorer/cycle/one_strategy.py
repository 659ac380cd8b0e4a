"""The steps of a cycle for one strategy: train, deploy, rank."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scorer.config import Settings
from scorer.errors import StrategyError
from scorer.evaluation.feature_importance import importance_rows, replace_importance
from scorer.evaluation.policy_evaluation import plain, training_rows
from scorer.evaluation.scored_displays import replace_scored_displays
from scorer.progress import Progress
from scorer.ranking.batch import write_ranked_offers
from scorer.ranking.context import find_deployed, load_context
from scorer.registry.model_registry import ModelRegistry
from scorer.registry.model_versions import write_model_versions
from scorer.training.gate import credibly_worse
from scorer.training.plan import read_plan
from scorer.training.train import Training, train
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import (
    StrategyData,
    count_candidates,
    load_examples,
    read_data,
    read_schema,
    with_guardrails,
)
from scorer.warehouse.scorer_tables import replace_evaluations, replace_training_run

_REPAIRED = """
update scorer.training_runs
set
    status = case
        when model_version is null then 'collecting' else metrics ->> '$.outcome.status'
    end,
    reason = case when model_version is null then ? else metrics ->> '$.outcome.reason' end
where strategy_id = ? and as_of = ? and status = 'failed' and starts_with(reason, 'rank: ')
"""

_BY_HAND = """
update scorer.training_runs
set
    status = case when model_version = deployed_model_version then 'succeeded' else 'held_back' end,
    reason = ?
where strategy_id = ? and as_of = ? and status in ('succeeded', 'held_back')
"""


@dataclass(frozen=True)
class Trained:
    """The data of a strategy and the training on its examples, or what is missing for one."""

    data: StrategyData
    examples: pa.Table
    training: Training | None
    missing: str | None
    importance: list[dict[str, Any]]


def train_on_examples(connection: Connection, settings: Settings, strategy: str) -> Trained:
    """Read the examples of a strategy and train on them; writes nothing."""
    data = read_data(connection, strategy)
    schema = read_schema(connection, strategy)
    examples = with_guardrails(connection, strategy, load_examples(connection, strategy, schema))
    missing = data.missing()
    if missing is None:
        try:
            training = train(examples, schema, read_plan(connection, settings, strategy, data))
        except StrategyError as error:
            missing = str(error)
        else:
            importance = importance_rows(training.personalised.model, examples)
            return Trained(data, examples, training, None, importance)
    return Trained(data, examples, None, missing, [])


def record_training(
    connection: Connection, settings: Settings, strategy: str, progress: Progress, trained: Trained
) -> str:
    """Deploy the model if it passes the gate, or record what is missing; return a summary.

    Writes the rows of the strategy in all tables of the scorer except `ranked_offers`, in one
    transaction. The same inputs give the same rows.
    """
    training, registry = trained.training, ModelRegistry(settings.models_dir)
    if training is None:
        outcome = _collecting(registry, settings, strategy, trained.missing)
    else:
        outcome = _deploy(registry, settings, strategy, training)
    for note in [] if training is None else training.notes:
        progress.say(f"{strategy}: {note}")
    row = _run_row(settings, strategy, trained.data, training, outcome.columns)
    version = outcome.columns["model_version"]
    connection.execute("begin")
    replace_training_run(connection, row)
    replace_evaluations(connection, settings, strategy, outcome.evaluations)
    write_model_versions(connection, registry, settings, strategy)
    replace_importance(connection, registry, strategy, version, trained.importance)
    replace_scored_displays(connection, settings, strategy, trained.examples)
    connection.execute("commit")
    return outcome.summary


def train_strategy(
    connection: Connection, settings: Settings, strategy: str, progress: Progress
) -> str:
    """Train and record one strategy; return a summary."""
    trained = train_on_examples(connection, settings, strategy)
    return record_training(connection, settings, strategy, progress, trained)


@dataclass(frozen=True)
class _Outcome:
    """The outcome of a training: columns of its run, rows of its evaluation, a summary."""

    columns: dict[str, Any]
    evaluations: list[dict[str, Any]]
    summary: str


def _collecting(
    registry: ModelRegistry, settings: Settings, strategy: str, missing: str | None
) -> _Outcome:
    deployed = registry.deployed_as_of(strategy, settings.as_of)
    reason = _reason(missing, deployed)
    columns = {
        "status": "collecting",
        "reason": reason,
        "model_version": None,
        "deployed_model_version": deployed,
    }
    return _Outcome(columns, [], f"collecting: {reason}")


def _deploy(
    registry: ModelRegistry, settings: Settings, strategy: str, training: Training
) -> _Outcome:
    """Save the trained models; deploy the nominee unless the deployed model earns more."""
    incumbent = registry.incumbent(strategy, settings.as_of)
    new = registry.save(strategy, training.personalised, settings.as_of)
    status, reason = "succeeded", training.verdict.reason
    nominee = new
    if not training.verdict.personalises:
        nominee = registry.save(strategy, training.best_single, settings.as_of)
        status = "held_back"
    worse = _worse(incumbent, training)
    if worse is not None:
        registry.withdraw(strategy, settings.as_of)
        status, reason = "held_back", worse
    else:
        registry.deploy(strategy, nominee, settings.as_of, reason or "passed the gate")
    deployed = registry.deployed_as_of(strategy, settings.as_of)
    by_hand = registry.by_hand(strategy, settings.as_of)
    if by_hand is not None:
        status, reason = "succeeded" if deployed == new else "held_back", str(by_hand)
    versions = {
        "new": new,
        "best_single": nominee if not training.verdict.personalises else None,
        "previous": incumbent,
    }
    columns: dict[str, Any] = {
        "status": status,
        "reason": reason,
        "model_version": new,
        "deployed_model_version": deployed,
    }
    if deployed == nominee and not training.verdict.personalises:
        columns["offers_personalised"] = 0
    rows = [plain(row) for row in training_rows(training, versions)]
    kind = training.nominee.model.kind
    summary = f"model {new} ({kind})" if status == "succeeded" else f"held back: {reason}"
    return _Outcome(columns, rows, summary)


def _worse(incumbent: str | None, training: Training) -> str | None:
    """Return why the nominee must not be deployed, None if nothing gets credibly worse."""
    lost = [guardrail.sentence for guardrail in training.guardrails if guardrail.is_worse]
    if training.over_deployed is not None and credibly_worse(training.over_deployed):
        return _stays(incumbent, training)
    if lost:
        stays = "all traffic is random" if incumbent is None else f"model {incumbent} stays"
        return f"{'; '.join(lost)}; {stays}"
    return None


def _stays(incumbent: str | None, training: Training) -> str:
    found = training.over_deployed
    lost = "" if found is None or found.lift is None else f" ({100 * found.lift:+.1f} %)"
    which = "new model" if training.verdict.personalises else "best single offer"
    return f"the {which} earns credibly less than model {incumbent}{lost}, which stays deployed"


def rank_strategy(
    connection: Connection, settings: Settings, strategy: str, progress: Progress
) -> str:
    """Replace the rows of the strategy in `scorer.ranked_offers`; return a summary.

    Without a deployed model, or with fewer than 2 ready offers, all traffic is random.
    """
    deployed = find_deployed(connection, settings, strategy)
    _record_deployed(connection, settings, strategy)
    context = load_context(connection, strategy, settings.as_of, deployed)
    progress.total(count_candidates(connection, strategy))
    rows = write_ranked_offers(connection, context, progress.advance)
    return f"{rows} rows, " + (f"model {deployed.version}" if deployed else "all at random")


def _record_deployed(connection: Connection, settings: Settings, strategy: str) -> None:
    """Update the tables of the strategy after a promotion, rollback or repair since training."""
    registry = ModelRegistry(settings.models_dir)
    deployed = registry.deployed_as_of(strategy, settings.as_of)
    missing = read_data(connection, strategy).missing()
    connection.execute("begin")
    write_model_versions(connection, registry, settings, strategy)
    connection.execute(
        "update scorer.training_runs set deployed_model_version = ?"
        " where strategy_id = ? and as_of = ?",
        [deployed, strategy, settings.as_of],
    )
    connection.execute(_REPAIRED, [_reason(missing, deployed), strategy, settings.as_of])
    by_hand = registry.by_hand(strategy, settings.as_of)
    if by_hand is not None:
        connection.execute(_BY_HAND, [str(by_hand), strategy, settings.as_of])
    connection.execute("commit")


def _run_row(
    settings: Settings,
    strategy: str,
    data: StrategyData,
    training: Training | None,
    outcome: dict[str, Any],
) -> dict[str, Any]:
    """Row of the run; the metrics repeat its outcome, because a failure to rank overwrites it."""
    ready = len(data.ready_offer_ids)
    trained = None if training is None else training.personalised
    metrics = None
    if trained is not None:
        outcome_metrics = {"outcome": {name: outcome[name] for name in ("status", "reason")}}
        guarded = {"guardrails": [g.record() for g in training.guardrails] if training else []}
        found = trained.metrics | outcome_metrics | guarded | _over(training)
        metrics = json.dumps(found, sort_keys=True)
    return {
        "strategy_id": strategy,
        "cycle_date": settings.cycle_date,
        "as_of": settings.as_of,
        "data_window_start": trained.data_window_start if trained else data.data_window_start,
        "data_window_end": trained.data_window_end if trained else data.data_window_end,
        "training_rows": trained.training_rows if trained else data.training_rows,
        "successes": trained.successes if trained else data.successes,
        "offers_included": data.offers,
        "offers_ready": ready,
        "offers_personalised": ready if trained else 0,
        "exploration_share": data.exploration_share,
        "metrics": metrics,
        **outcome,
    }


def _over(training: Training | None) -> dict[str, Any]:
    """Difference between the nominee and the model that served before, on the same displays."""
    found = None if training is None else training.over_deployed
    if found is None:
        return {}
    return {"over_previous": {n: getattr(found, n) for n in ("difference", "low", "high", "lift")}}


def _reason(missing: str | None, deployed: str | None) -> str | None:
    if missing is None:
        return None
    return (
        f"{missing}; model {deployed} is not used, all traffic is random" if deployed else missing
    )
