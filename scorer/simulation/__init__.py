"""A simulated bank with known truth: it emits experience events and serves ranked offers."""

from scorer.simulation.report import Arm, StrategyWeek, Values, WeekReport
from scorer.simulation.world import World

__all__ = ["Arm", "StrategyWeek", "Values", "WeekReport", "World"]
