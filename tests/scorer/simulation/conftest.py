"""A small world after six random weeks, shared by the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from scorer.simulation import WeekReport, World
from tests.support.simulated_events import Event, read_events

WEEKS = 6


@dataclass
class Life:
    """A world, its inputs folder and its reports; events are read once."""

    world: World
    raw: Path
    reports: list[WeekReport]

    @cached_property
    def log(self) -> tuple[list[Event], list[str]]:
        """All events, and the broken lines."""
        return read_events([file for report in self.reports for file in report.files])

    @property
    def events(self) -> list[Event]:
        """All events that are JSON."""
        return self.log[0]


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Return a small world after six weeks without a ranked table."""
    raw = tmp_path_factory.mktemp("world")
    world = World(profiles=800, seed=3)
    world.write_catalogue(raw)
    return Life(world, raw, [world.live(week, raw) for week in range(1, WEEKS + 1)])
