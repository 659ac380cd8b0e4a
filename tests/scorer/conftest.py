"""Fixtures of the scorer's tests: the command line in this process, and settings of hypothesis."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.commands import Command, Outcome, run_command

DISPLAYS = "event_ts,profile_id,offer_id,clicked\n2026-01-01 10:00:00,p1,o1,1\n"


# The time that an example takes depends on the machine more than on the code.
settings.register_profile("scorer", deadline=None)
settings.load_profile("scorer")


@pytest.fixture
def nextoffer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command line and return its outcome."""
    for name in ("NEXTOFFER_HOME", "NEXTOFFER_RAW", "NEXTOFFER_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path) -> Outcome:
        return run_command(capsys, *arguments)

    return run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home folder that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Return a folder with one display."""
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "displays.csv").write_text(DISPLAYS)
    return folder
