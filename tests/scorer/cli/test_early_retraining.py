"""Which cycle `run --retrain-now` runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.cycle.run import CycleResult
from scorer.warehouse.build_state import CycleState, save_state, set_current_cycle
from tests.support.commands import Command

Runs = list[tuple[Settings, bool]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Record the cycles that a command runs, and whether they are forced."""
    found: Runs = []

    def note(settings: Settings, progress: object, force: bool) -> CycleResult:
        found.append((settings, force))
        return CycleResult(False, {}, settings.published_dir, {})

    monkeypatch.setattr("scorer.cycle.run.run_cycle", note)
    return found


@pytest.fixture
def finished(home: Path) -> Path:
    """Home folder with a finished cycle of seed 3 on another folder."""
    settings = Settings(home=home, as_of=datetime(2026, 1, 11))
    state = CycleState(settings.as_of.isoformat(), "", raw="/somewhere", seed=3)
    save_state(settings.cycles_dir, state)
    set_current_cycle(settings.cycles_dir, state.as_of)
    return home


def test_it_is_as_of_now_and_like_the_last_cycle(
    finished: Path, runs: Runs, nextoffer: Command
) -> None:
    """Without other arguments, the run is as of now, not midnight, with the last raw folder and
    seed."""
    assert nextoffer("run", "--retrain-now", "--home", finished).code == 0
    ((settings, force),) = runs
    now = datetime.now(UTC).replace(tzinfo=None)
    assert now - settings.as_of < timedelta(minutes=1)
    assert (settings.raw, settings.seed, force) == (Path("/somewhere"), 3, True)


def test_what_is_given_counts(finished: Path, raw: Path, runs: Runs, nextoffer: Command) -> None:
    """`--as-of`, a folder and a seed on the command line override those of the last cycle."""
    given = ("--raw", raw, "--seed", 5, "--as-of", "2026-01-14T09:00")
    assert nextoffer("run", "--retrain-now", "--home", finished, *map(str, given)).code == 0
    ((settings, _),) = runs
    assert settings.as_of == datetime(2026, 1, 14, 9)
    assert (settings.raw, settings.seed) == (raw, 5)


def test_a_plain_run_is_not_an_early_one(
    finished: Path, raw: Path, runs: Runs, nextoffer: Command
) -> None:
    """Without the flag, a run is as of midnight and ignores the settings of the last cycle."""
    assert nextoffer("run", "--raw", raw, "--home", finished).code == 0
    ((settings, force),) = runs
    assert (settings.as_of.hour, settings.as_of.minute) == (0, 0)
    assert (settings.seed, force) == (0, False)
