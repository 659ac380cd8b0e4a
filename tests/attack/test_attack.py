"""A small seed of the quick attacks; `make attack` has all, and the large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.__main__ import ATTACKS
from tests.attack.arena import Arena, carry_out
from tests.support.paths import ROOT

# Attack -> tries that take a few seconds each. Where a signal hits depends on the machine, so those
# tries are left to `make attack`.
TRIES = {
    "reads during publications": 100,
    "bad inputs": 6,
    "edits of state": 5,
    "changed model files": 100,
    "recomputed numbers": 200,
}


def test_nothing_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every try of the attacks ends as it should."""
    monkeypatch.chdir(ROOT)
    arena = Arena(tmp_path)
    results = [
        carry_out(name, ATTACKS[name][0], arena, tries, seed=1) for name, tries in TRIES.items()
    ]
    assert {result.name: result.fell for result in results if result.fell} == {}
    assert all(result.tried for result in results)
