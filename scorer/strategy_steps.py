"""What a cycle does for one strategy: train and deploy a model, then rank with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scorer.config import Settings
from scorer.errors import StrategyError
from scorer.progress import Progress
from scorer.ranking import write_ranked
from scorer.registry import ModelRegistry
from scorer.strategy import Deployed, load_context, read_ready_offers, read_schema
from scorer.training import (
    MIN_READY_OFFERS,
    TrainedModel,
    TrainingPlan,
    load_examples,
    train,
)
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
    status = case when model_version is null then 'collecting' else 'succeeded' end,
    reason = case when model_version is null then ? end
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
    """Train, save and deploy a model, or note why there is too little data; return a summary.

    Writes the strategy's rows of `scorer.training_runs` and `scorer.model_versions` in one
    transaction. The same inputs give the same model version and the same rows.
    """
    data = read_data(connection, strategy)
    registry = ModelRegistry(settings.models_dir)
    reason, trained, version = data.missing(), None, None
    if reason is None:
        try:
            schema = read_schema(connection, strategy)
            plan = TrainingPlan(data.kpi_type, data.ready_offer_ids, settings.seed)
            trained = train(load_examples(connection, strategy, schema), schema, plan)
        except StrategyError as error:
            reason = str(error)
    if trained is not None:
        version = registry.save(strategy, trained, settings.as_of)
        registry.deploy(strategy, version, settings.as_of, reason="trained by the cycle")
    deployed = registry.deployed_as_of(strategy, settings.as_of)
    run = _run_row(settings, strategy, data, trained)
    run |= {"model_version": version, "deployed_model_version": deployed}
    run |= {"status": "succeeded" if trained else "collecting", "reason": _reason(reason, deployed)}
    connection.execute("begin")
    _replace_run(connection, run)
    write_model_versions(connection, registry, settings, strategy)
    connection.execute("commit")
    return f"model {version}" if version else f"collecting: {run['reason']}"


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


def write_model_versions(
    connection: Connection, registry: ModelRegistry, settings: Settings, strategy: str
) -> None:
    """Replace the strategy's rows of `scorer.model_versions` by what was deployed by the cycle.

    A model that several cycles trained counts from the earliest of them, whichever ran first.
    """
    past = [d for d in registry.history(strategy) if d.as_of <= settings.as_of]
    first = {d.model_version: d.as_of for d in reversed(past)}
    connection.execute("delete from scorer.model_versions where strategy_id = ?", [strategy])
    for manifest in registry.versions(strategy):
        version = manifest["model_version"]
        if version in first and "error" not in manifest:
            row = _model_row(strategy, manifest)
            row |= {"trained_as_of": first[version]}
            row |= {"is_deployed": version == past[-1].model_version}
            _insert(connection, "scorer.model_versions", row)


def _model_row(strategy: str, manifest: dict[str, Any]) -> dict[str, Any]:
    names = (
        "model_version",
        "kpi_type",
        "data_window_start",
        "data_window_end",
        "training_rows",
        "offers_included",
        "offers_personalised",
    )
    return {
        "strategy_id": strategy,
        **{name: manifest.get(name) for name in names},
        "metrics": json.dumps(manifest.get("metrics"), sort_keys=True),
    }


def _run_row(
    settings: Settings, strategy: str, data: Data, trained: TrainedModel | None
) -> dict[str, Any]:
    ready = len(data.ready_offer_ids)
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


def _replace_run(connection: Connection, run: dict[str, Any]) -> None:
    connection.execute(
        "delete from scorer.training_runs where strategy_id = ? and as_of = ?",
        [run["strategy_id"], run["as_of"]],
    )
    _insert(connection, "scorer.training_runs", run)


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} ({columns}) values ({marks})", list(row.values()))
