"""Reads what a training needs besides the examples: offers, eligibility, the deployed model."""

from __future__ import annotations

from datetime import datetime

from scorer.config import Settings
from scorer.errors import InputError
from scorer.registry.model_registry import ModelRegistry
from scorer.training.candidates import BEST_SINGLE
from scorer.training.cross_fitting import Incumbent
from scorer.training.gate import Standing
from scorer.training.train import TrainingPlan
from scorer.warehouse.database import Connection
from scorer.warehouse.marts import StrategyData, read_characteristics, read_display_sets


def read_plan(
    connection: Connection, settings: Settings, strategy: str, data: StrategyData
) -> TrainingPlan:
    """Return what training needs besides the examples."""
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
