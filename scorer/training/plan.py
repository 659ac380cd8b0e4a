"""What the build and the registry hold of a strategy before it is trained or evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scorer.config import MIN_READY_OFFERS, Settings
from scorer.errors import InputError, StrategyError
from scorer.ranking.context import read_ready_offers
from scorer.registry.model_registry import ModelRegistry
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import Incumbent
from scorer.training.gate import Standing
from scorer.training.kin import read_characteristics
from scorer.training.train import TrainingPlan
from scorer.warehouse.database import Connection

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
            return "no display of the look-back has a final outcome yet"
        if not self.successes:
            return "no success events in the window"
        if len(self.ready_offer_ids) < MIN_READY_OFFERS:
            ready = len(self.ready_offer_ids)
            return f"{ready} of {self.offers} offers ready, {MIN_READY_OFFERS} needed"
        return None


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
        "select eligibility_set_id, offer_id from display_eligibility_sets"
        " where strategy_id = ? and is_eligible",
        [strategy],
    ).fetchall():
        sets.setdefault(key, set()).add(offer)
    incumbent = _incumbent(settings, strategy)
    return TrainingPlan(
        kpi_type=data.kpi_type,
        ready_offer_ids=data.ready_offer_ids,
        seed=settings.seed,
        offers_included=data.offers,
        other_offer_ids=tuple(offer for offer, _ in offers),
        characteristics={offer: read_characteristics(text) for offer, text in offers},
        eligible={key: frozenset(group) for key, group in sets.items()},
        incumbent=incumbent,
        standing=None if incumbent is None else _standing(settings, strategy, incumbent),
        as_of=settings.as_of,
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
    except (InputError, KeyError, TypeError, ValueError):
        return None


def _standing(settings: Settings, strategy: str, incumbent: Incumbent) -> Standing | None:
    """The gate's last word on the deployed model; None for one that never passed."""
    manifest = ModelRegistry(settings.models_dir).manifest(strategy, incumbent.version)
    gate = manifest["metrics"].get("gate", {})
    if incumbent.model.kind == BEST_SINGLE or gate.get("gain_seen") is None:
        return None
    held_back = tuple(gate["held_back_placements"])
    return Standing(datetime.fromisoformat(gate["gain_seen"]), held_back)
