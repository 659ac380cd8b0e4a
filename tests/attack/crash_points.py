"""Fails, kills or interrupts a step at one of its writes: the Nth rename, sync or small file."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.attack.arena import Arena, untidy
from tests.attack.sabotage import HOW, FailAt
from tests.attack.signals import untimely

# About as many as a step has, and those at the start of a run.
_WRITES = {"features": 12, "train": 40, "rank": 12, "monitor": 10, "publish": 34}
_STEPS = ("rank", "publish", "train", "rank", "publish", "features", "rank", "train", "monitor")


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try disturbs one write of a step and repeats the step: it ends as an undisturbed one."""
    while True:
        for step in _STEPS:
            point = FailAt(rng.randint(1, _WRITES[step]), rng.choice(HOW))
            wrong = _try(arena, step, point)
            yield wrong and f"{step}, {point.how} at write {point.number}: {wrong}"


def _try(arena: Arena, step: str, point: FailAt) -> str | None:
    prepared = arena.prepared
    home = prepared.copy_before(step, arena.folder / "home")
    ended = prepared.run_step(step, home, arena.folder / "log", point)
    is_signal = point.how.startswith("SIG")
    wrong = untimely(ended, point.how.split()[0], step) if is_signal else untidy(ended)
    return wrong or prepared.wrong_after(step, home, arena.folder / "log")
