"""When `models promote` and `rollback` take effect, and what they report."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.registry import model_files
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.build_state import CycleState, save_state, set_current_cycle
from tests.support.commands import Command

NEWEST = datetime(2026, 9, 16)
CYCLES = [NEWEST - timedelta(days=1), NEWEST, NEWEST - timedelta(days=4)]
TRAINED = dict(zip(("first", "second", "filled"), CYCLES, strict=True))


@pytest.fixture
def registry(home: Path, monkeypatch: pytest.MonkeyPatch) -> ModelRegistry:
    """Models of two cycles and then of a back-fill, each deployed by its own cycle."""
    monkeypatch.setattr(model_files, "read_model", lambda folder: None)
    monkeypatch.setattr(
        model_files,
        "read_manifest",
        lambda folder: {"trained_as_of": TRAINED[folder.name].isoformat()},
    )
    settings = Settings(home=home, as_of=NEWEST)
    registry = ModelRegistry(settings.models_dir)
    for version, as_of in TRAINED.items():
        save_state(settings.cycles_dir, CycleState(as_of.isoformat(), ""))
        set_current_cycle(settings.cycles_dir, as_of.isoformat())
        registry.deploy("web", version, as_of)
        (settings.models_dir / "web" / version).mkdir()
    return registry


def test_after_a_back_fill_a_promotion_holds_from_the_newest_cycle(
    registry: ModelRegistry, home: Path, nextoffer: Command
) -> None:
    """The deployment starts at the newest cycle, not at the cycle that ran last."""
    outcome = nextoffer("models", "promote", "web", "filled", "--home", home)
    assert outcome.out == "web: filled is deployed from 2026-09-16T00:00:00 on\n"
    assert registry.deployed_as_of("web", NEWEST) == "filled"


def test_after_a_back_fill_a_rollback_holds_from_the_newest_cycle(
    registry: ModelRegistry, home: Path, nextoffer: Command
) -> None:
    """It goes back from the newest model to the one before it."""
    outcome = nextoffer("models", "rollback", "web", "--home", home)
    assert outcome.out == "web: back to first from 2026-09-16T00:00:00 on\n"
    assert registry.deployed_as_of("web", NEWEST) == "first"


def test_a_promotion_that_later_entries_overrule_says_so(
    registry: ModelRegistry, home: Path, nextoffer: Command
) -> None:
    """For a time before the newest entry, the output says how long it applies and what to do."""
    at = ("--as-of", "2026-09-13", "--home", home)
    outcome = nextoffer("models", "promote", "web", "filled", *at)
    assert outcome.code == 0
    assert "from 2026-09-13T00:00:00 only until 2026-09-15T00:00:00" in outcome.out
    assert "model first" in outcome.out
    assert "--as-of 2026-09-16T00:00:00" in outcome.out
    assert registry.deployed_as_of("web", NEWEST) == "second"


def test_a_model_of_the_future_cannot_be_promoted(
    registry: ModelRegistry, home: Path, nextoffer: Command
) -> None:
    """The message says when it was trained; nothing is recorded."""
    before = registry.history("web")
    at = ("--as-of", "2026-09-13", "--home", home)
    outcome = nextoffer("models", "promote", "web", "second", *at)
    assert outcome.code == 2
    assert "second was trained as of 2026-09-16T00:00:00" in outcome.error
    assert registry.history("web") == before


def test_a_model_that_a_back_fill_trained_too_counts_from_there(
    registry: ModelRegistry, home: Path, nextoffer: Command
) -> None:
    """The manifest names the cycle that saved it first; the deployments name the earlier one."""
    registry.deploy("web", "first", CYCLES[2])
    at = ("--as-of", "2026-09-13", "--home", home)
    assert nextoffer("models", "promote", "web", "first", *at).code == 0
