"""Kills, Ctrl-C and SIGTERM at random moments of every step; then the same command again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

from scorer.warehouse.build_state import STEP_NAMES
from scorer.warehouse.publications import publications
from tests.attack import processes
from tests.attack.arena import Arena
from tests.attack.world import FIRST

_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
# About as long as a step and the start of the command take on an idle machine.
_SECONDS = {"features": 6.0, "train": 4.0, "rank": 1.0, "monitor": 3.5, "publish": 0.9}


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try interrupts one run and repeats it: it ends as an uninterrupted run does."""
    while True:
        for step in reversed(STEP_NAMES):
            number = rng.choice(list(_CODES))
            delay = rng.uniform(0.0, _SECONDS[step])
            wrong = _try(arena, step, number, delay)
            yield wrong and f"{step}, {number.name} after {delay:.2f} s: {wrong}"


def _try(arena: Arena, step: str, number: signal.Signals, delay: float) -> str | None:
    prepared = arena.prepared
    home = prepared.copy_before(step, arena.folder / "home")
    command = processes.Command(prepared.command(home), arena.folder / "log")
    time.sleep(delay)
    command.send(number)
    ended = command.ended()
    if "Traceback" in ended.text:
        return f"a traceback: {ended.text[-300:]}"
    if ended.code == 0:
        return prepared.wrong_end(home)
    if ended.code not in (_CODES[number], -number):
        return f"ends with {ended.code}: {ended.text[-300:]}"
    seen = [as_of for as_of, _ in publications(home / "published")]
    if seen != [FIRST] and step != "publish":
        return f"published {seen} although interrupted"
    again = processes.run(prepared.command(home), arena.folder / "log")
    if again.code != 0:
        return f"the same command ends with {again.code}: {again.text[-300:]}"
    return prepared.wrong_end(home)
