"""A simulated bank with known truth: emits experience events, is served ranked offers."""

from scorer.simulation.report import Arm, StrategyWeek, Values, WeekReport
from scorer.simulation.world import World

__all__ = ["Arm", "StrategyWeek", "Values", "WeekReport", "World"]
