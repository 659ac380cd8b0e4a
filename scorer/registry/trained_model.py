"""What the registry stores: a model with the metadata of its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scorer.models.protocol import RewardModel


@dataclass(frozen=True)
class TrainedModel:
    """A model with the metadata stored with it; the ends of the data window are UTC, inclusive."""

    model: RewardModel
    kpi_type: str
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    data_window_start: datetime
    data_window_end: datetime
    training_rows: int
    successes: int
    offers_included: int
