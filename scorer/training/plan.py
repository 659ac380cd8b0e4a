"""The inputs of a training other than examples: offers, eligibility, the deployed model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scorer.config import MIN_READY_OFFERS, Settings
from scorer.errors import InputError, StrategyError
from scorer.registry.model_registry import ModelRegistry
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import Incumbent
from scorer.training.examples import Offers, Sets
from scorer.training.gate import Standing
from scorer.training.kin import kin_matrix, known_values
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import StrategyData, read_characteristics, read_display_sets


@dataclass(frozen=True)
class TrainingPlan:
    """The settings of a training, and the deployed model to compare with.

    ``ready_offer_ids`` are scored; ``other_offer_ids`` were shown but are not. ``characteristics``
    come
    from the catalogue, by offer; ``eligible`` gives the offers that could have been shown, by
    eligibility set. ``standing`` is the standing as of the cycle (UTC) of a strategy that passed.
    ``offers_included`` is the number of offers of the strategy, for the metadata.
    """

    kpi_type: str
    ready_offer_ids: tuple[str, ...]
    seed: int = 0
    offers_included: int | None = None
    other_offer_ids: tuple[str, ...] = ()
    characteristics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    eligible: Sets | None = None
    incumbent: Incumbent | None = None
    standing: Standing | None = None
    as_of: datetime | None = None

    @property
    def offers(self) -> Offers:
        """Offers in the order of the columns; raises StrategyError with fewer than 2 ready ones."""
        ready = tuple(sorted(self.ready_offer_ids))
        if len(ready) < MIN_READY_OFFERS:
            raise StrategyError(f"{len(ready)} offers ready, {MIN_READY_OFFERS} needed")
        return Offers(
            ready,
            tuple(sorted(set(self.other_offer_ids) - set(ready))),
            kin_matrix(ready, self.characteristics),
            known_values(ready, self.characteristics),
        )


def read_plan(
    connection: Connection, settings: Settings, strategy: str, data: StrategyData
) -> TrainingPlan:
    """Read the inputs of a training other than examples."""
    characteristics = read_characteristics(connection, strategy)
    incumbent = _incumbent(settings, strategy)
    return TrainingPlan(
        kpi_type=data.kpi_type,
        ready_offer_ids=data.ready_offer_ids,
        seed=settings.seed,
        offers_included=data.offers,
        other_offer_ids=tuple(characteristics),
        characteristics=characteristics,
        eligible=read_display_sets(connection, strategy),
        incumbent=incumbent,
        standing=None if incumbent is None else _standing(settings, strategy, incumbent),
        as_of=settings.as_of,
    )


def _incumbent(settings: Settings, strategy: str) -> Incumbent | None:
    """The deployed model; None if there is none or it cannot be loaded."""
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
    """The last verdict on the deployed model; None if it never passed the gate."""
    manifest = ModelRegistry(settings.models_dir).manifest(strategy, incumbent.version)
    gate = manifest["metrics"].get("gate", {})
    if incumbent.model.kind == BEST_SINGLE or gate.get("gain_seen") is None:
        return None
    held_back = tuple(gate["held_back_placements"])
    return Standing(datetime.fromisoformat(gate["gain_seen"]), held_back)
