"""The loss that models minimise for each kind of KPI, and the unit of its rewards.

Notes:
-----
Binary: log loss. Continuous: Tweedie (log link, variance power 1.2) when values are non-negative
and at least half are zero, else squared error. On simulated purchases at rates of 2 to 8 %, Tweedie
ranked better than squared error by up to half of the distance from random to oracle, and never
clearly worse; powers above 1.3 lost at higher rates. Rewards are divided by their mean (Tweedie) or
standard deviation (squared error), so their unit does not matter; the calibration multiplies back.

Heavy tails: models learn from rewards capped at the 99.5 % quantile of the non-zero ones on either
side, because one large purchase would look like a preference. The calibration restores the level
that the cap removes, and every evaluation uses uncapped rewards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scorer.arrays import Vector
from scorer.errors import ConfigurationError, StrategyError
from scorer.models.calibration import Calibration

TWEEDIE_POWER = 1.2
_ZERO_INFLATED = 0.5
_CAP_QUANTILE = 0.995
_CAP_MIN_VALUES = 200


@dataclass(frozen=True)
class Objective:
    """Parameters of XGBoost, link of the scores, divisor of the rewards and average Hessian."""

    parameters: dict[str, Any]
    link: str
    scale: float
    hessian: float

    @property
    def constant(self) -> float:
        """Margin that trees without a base start from."""
        score = float(self.parameters["base_score"])
        return float(Calibration(self.link).invert(np.array([score]))[0])

    def in_units(self, calibration: Calibration) -> Calibration:
        """The same map from margins, with scores in the unit of the reward."""
        slope, shift = calibration.slope, calibration.shift
        if self.link == "identity":
            return Calibration("identity", slope * self.scale, shift * self.scale)
        if self.link == "log":
            return Calibration("log", slope, shift + float(np.log(self.scale)))
        return calibration


def capped(rewards: Vector, kpi_type: str) -> Vector:
    """Rewards to learn from, float64 (n,), capped on a side with at least 200 non-zero values."""
    lowest, highest = -np.inf, np.inf
    if kpi_type == "continuous":
        gains, losses = rewards[rewards > 0], rewards[rewards < 0]
        if gains.size >= _CAP_MIN_VALUES:
            highest = float(np.quantile(gains, _CAP_QUANTILE))
        if losses.size >= _CAP_MIN_VALUES:
            lowest = float(np.quantile(losses, 1 - _CAP_QUANTILE))
    return np.clip(rewards, lowest, highest)


def choose_objective(rewards: Vector, kpi_type: str) -> Objective:
    """Objective for the rewards, shape (n,), of a binary or continuous KPI.

    Raises ConfigurationError for an unknown KPI type, and StrategyError without displays, without
    successes, or if all rewards are equal.
    """
    if kpi_type not in ("binary", "continuous"):
        raise ConfigurationError(f"kpi_type must be binary or continuous, got {kpi_type!r}")
    if rewards.size == 0:
        raise StrategyError("no display of a ready offer in the window")
    if not rewards.any():
        raise StrategyError("no success events in the window")
    if kpi_type == "binary":
        return _logistic(float((rewards > 0).mean()))
    if rewards.min() >= 0 and (rewards == 0).mean() >= _ZERO_INFLATED:
        return _tweedie(float(rewards.mean()))
    return _squared(float(rewards.mean()), float(rewards.std()))


def _logistic(mean: float) -> Objective:
    if mean == 1:
        raise StrategyError("every display in the window succeeded, there is nothing to learn")
    parameters = {"objective": "binary:logistic", "eval_metric": "logloss", "base_score": mean}
    return Objective(parameters, "logit", 1.0, mean * (1 - mean))


def _tweedie(mean: float) -> Objective:
    parameters = {
        "objective": "reg:tweedie",
        "tweedie_variance_power": TWEEDIE_POWER,
        "eval_metric": f"tweedie-nloglik@{TWEEDIE_POWER}",
        "base_score": 1.0,
    }
    return Objective(parameters, "log", mean, 1.0)


def _squared(mean: float, deviation: float) -> Objective:
    if deviation == 0:
        raise StrategyError("every display in the window has the same value")
    parameters = {
        "objective": "reg:squarederror",
        "eval_metric": "rmse",
        "base_score": mean / deviation,
    }
    return Objective(parameters, "identity", deviation, 1.0)
