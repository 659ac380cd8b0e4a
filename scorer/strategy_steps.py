"""What a cycle does for one strategy: train, deploy what deserves it, then rank with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scorer.config import Settings
from scorer.errors import InputError, StrategyError
from scorer.gate import credibly_worse
from scorer.policy_evaluation import plain, training_rows
from scorer.progress import Progress
from scorer.ranking import write_ranked
from scorer.registry import ModelRegistry
from scorer.rewards.cross_fitting import Incumbent
from scorer.rewards.kin import read_characteristics
from scorer.strategy import Deployed, load_context, read_ready_offers, read_schema
from scorer.strategy_tables import replace_evaluations, replace_run, write_model_versions
from scorer.training import MIN_READY_OFFERS, Training, TrainingPlan, load_examples, train
from scorer.warehouse import Connection

_DATA = """
select
    strategies.kpi_type,
    strategies.exploration_share,
    count(examples.display_id) as training_rows,
    count(*) filter (where examples.is_success) as successes,
    min(examples.event_ts) as data_window_start,
    max(examples.event_ts) as data_window_end,
    (
        select count(*) from offer_readiness as offers
        where offers.strategy_id = strategies.strategy_id
    ) as offers
from dim_ranking_strategies as strategies
left join training_examples as examples on strategies.strategy_id = examples.strategy_id
where strategies.strategy_id = ?
group by strategies.strategy_id, strategies.kpi_type, strategies.exploration_share
"""

_REPAIRED = """
update scorer.training_runs
set
    status = case
        when model_version is null then 'collecting'
        when model_version = deployed_model_version then 'succeeded'
        else 'held_back'
    end,
    reason = case when model_version is null then ? else metrics ->> '$.gate.reason' end
where strategy_id = ? and as_of = ? and status = 'failed' and starts_with(reason, 'rank: ')
"""


@dataclass(frozen=True)
class Data:
    """What a strategy has to learn from, as of the cycle."""

    kpi_type: str
    exploration_share: float
    training_rows: int
    successes: int
    data_window_start: datetime | None
    data_window_end: datetime | None
    offers: int
    ready_offer_ids: tuple[str, ...]

    def missing(self) -> str | None:
        """Return what is lacking for a model, None if nothing is."""
        if not self.training_rows:
            return "no displays in the window"
        if not self.successes:
            return "no success events in the window"
        if len(self.ready_offer_ids) < MIN_READY_OFFERS:
            ready = len(self.ready_offer_ids)
            return f"{ready} of {self.offers} offers ready, {MIN_READY_OFFERS} needed"
        return None


def train_strategy(
    connection: Connection, settings: Settings, strategy: str, progress: Progress
) -> str:
    """Train and deploy what deserves it, or note why there is too little data; return a summary.

    Writes the strategy's rows of `scorer.training_runs`, `scorer.model_versions` and
    `scorer.policy_evaluation` in one transaction. The same inputs give the same rows.
    """
    data = read_data(connection, strategy)
    reason, training = data.missing(), None
    if reason is None:
        try:
            schema = read_schema(connection, strategy)
            plan = read_plan(connection, settings, strategy, data)
            training = train(load_examples(connection, strategy, schema), schema, plan)
        except StrategyError as error:
            reason = str(error)
    registry = ModelRegistry(settings.models_dir)
    if training is None:
        outcome = _collecting(registry, settings, strategy, reason)
    else:
        outcome = _deploy(registry, settings, strategy, training)
    connection.execute("begin")
    replace_run(connection, _run_row(settings, strategy, data, training) | outcome.columns)
    replace_evaluations(connection, settings, strategy, outcome.evaluations)
    write_model_versions(connection, registry, settings, strategy)
    connection.execute("commit")
    return outcome.summary


def read_plan(
    connection: Connection, settings: Settings, strategy: str, data: Data
) -> TrainingPlan:
    """Return what training needs besides the examples."""
    offers = connection.execute(
        "select readiness.offer_id, offers.characteristics from offer_readiness as readiness"
        " left join dim_offers as offers on readiness.offer_id = offers.offer_id"
        " where readiness.strategy_id = ?",
        [strategy],
    ).fetchall()
    sets: dict[str, set[str]] = {}
    for key, offer in connection.execute(
        "select eligibility_set_id, offer_id from display_eligibility_sets where strategy_id = ?",
        [strategy],
    ).fetchall():
        sets.setdefault(key, set()).add(offer)
    return TrainingPlan(
        kpi_type=data.kpi_type,
        ready_offer_ids=data.ready_offer_ids,
        seed=settings.seed,
        offers_included=data.offers,
        other_offer_ids=tuple(offer for offer, _ in offers),
        characteristics={offer: read_characteristics(text) for offer, text in offers},
        eligible={key: frozenset(group) for key, group in sets.items()},
        incumbent=_incumbent(settings, strategy),
    )


def _incumbent(settings: Settings, strategy: str) -> Incumbent | None:
    """The deployed model; one that cannot be loaded has nothing to stand up for it."""
    registry = ModelRegistry(settings.models_dir)
    version = registry.incumbent(strategy, settings.as_of)
    if version is None:
        return None
    try:
        end = registry.manifest(strategy, version)["data_window_end"]
        return Incumbent(registry.load(strategy, version), datetime.fromisoformat(end), version)
    except InputError:
        return None


@dataclass(frozen=True)
class _Outcome:
    """What a training led to: columns of its run, rows of its evaluation, a line for people."""

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
    """Save what was trained and deploy the nominee, unless what it replaces earns more."""
    incumbent = registry.incumbent(strategy, settings.as_of)
    new = registry.save(strategy, training.personalised, settings.as_of)
    status, reason = "succeeded", training.verdict.reason
    nominee = new
    if not training.verdict.personalises:
        nominee = registry.save(strategy, training.best_single, settings.as_of)
        status = "held_back"
    if training.over_deployed is not None and credibly_worse(training.over_deployed):
        registry.withdraw(strategy, settings.as_of)
        status = "held_back"
        reason = _stays(incumbent, training)
    else:
        registry.deploy(strategy, nominee, settings.as_of, reason or "passed the gate")
    deployed = registry.deployed_as_of(strategy, settings.as_of)
    versions = {
        "new": new,
        "best_single": nominee if not training.verdict.personalises else None,
        "deployed": incumbent,
    }
    columns = {
        "status": status,
        "reason": reason,
        "model_version": new,
        "deployed_model_version": deployed,
    }
    rows = [plain(row) for row in training_rows(training, versions)]
    kind = training.nominee.model.kind
    summary = f"model {new} ({kind})" if status == "succeeded" else f"held back: {reason}"
    return _Outcome(columns, rows, summary)


def _stays(incumbent: str | None, training: Training) -> str:
    found = training.over_deployed
    lost = "" if found is None or found.lift is None else f" ({100 * found.lift:+.1f} %)"
    which = "new model" if training.verdict.personalises else "best single offer"
    return f"the {which} earns credibly less than model {incumbent}{lost}, which stays deployed"


def rank_strategy(
    connection: Connection, settings: Settings, strategy: str, progress: Progress
) -> str:
    """Replace the strategy's rows of `scorer.ranked_offers`; return a summary.

    Without a deployed model, or with fewer than 2 ready offers, all traffic is random.
    """
    deployed = find_deployed(connection, settings, strategy)
    _note_deployed(connection, settings, strategy)
    context = load_context(connection, strategy, settings.as_of, deployed)
    count = connection.execute(
        "select count(*) from ranking_candidates where strategy_id = ?", [strategy]
    ).fetchone()
    progress.total(int(count[0]) if count else 0)
    rows = write_ranked(connection, context, progress.advance)
    return f"{rows} rows, " + (f"model {deployed.version}" if deployed else "all at random")


def _note_deployed(connection: Connection, settings: Settings, strategy: str) -> None:
    """Bring the strategy's tables up to a promotion, rollback or repair since its training."""
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
    connection.execute("commit")


def find_deployed(connection: Connection, settings: Settings, strategy: str) -> Deployed | None:
    """Return the model that ranks as of the cycle, None where all traffic is random."""
    registry = ModelRegistry(settings.models_dir)
    version = registry.deployed_as_of(strategy, settings.as_of)
    if version is None or len(read_ready_offers(connection, strategy)) < MIN_READY_OFFERS:
        return None
    return Deployed(registry.load(strategy, version), version)


def read_data(connection: Connection, strategy: str) -> Data:
    """Return what the build holds for a strategy.

    Raises
    ------
    StrategyError
        The build does not know the strategy.
    """
    ready = read_ready_offers(connection, strategy)
    found = connection.sql(_DATA, params=[strategy]).to_arrow_table().to_pylist()
    if not found:
        raise StrategyError(f"strategy {strategy!r} is not in dim_ranking_strategies")
    return Data(**found[0], ready_offer_ids=ready)


def _run_row(
    settings: Settings, strategy: str, data: Data, training: Training | None
) -> dict[str, Any]:
    ready = len(data.ready_offer_ids)
    trained = None if training is None else training.personalised
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
        "metrics": json.dumps(trained.metrics, sort_keys=True) if trained else None,
    }


def _reason(missing: str | None, deployed: str | None) -> str | None:
    if missing is None:
        return None
    return f"{missing}; model {deployed} rests, all traffic is random" if deployed else missing
