"""A small seed of each attack; `make attack` has the large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.__main__ import ATTACKS
from tests.attack.arena import Arena, carry_out
from tests.support.paths import ROOT

# Attack -> tries that take a few seconds each.
TRIES = {
    "kills and signals": 3,
    "crash points": 1,
    "reads during publications": 100,
    "bad inputs": 6,
    "edits of state": 5,
    "changed model files": 100,
    "limits of the machine": 1,
    "recomputed numbers": 200,
}


def test_nothing_falls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every try of every attack ends as it should."""
    monkeypatch.chdir(ROOT)
    arena = Arena(tmp_path)
    results = [
        carry_out(name, attack, arena, TRIES[name], seed=1)
        for name, (attack, *_) in ATTACKS.items()
    ]
    assert {result.name: result.fell for result in results if result.fell} == {}
    assert all(result.tried for result in results)
