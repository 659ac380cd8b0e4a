"""Kills, Ctrl-C and SIGTERM at random moments of every step; then the same command again."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator

from scorer.warehouse.build_state import STEP_NAMES
from scorer.warehouse.publications import publications
from tests.attack.arena import Arena
from tests.attack.processes import Ended
from tests.attack.sabotage import SENT, SignalAfter
from tests.attack.world import FIRST

_CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}
# The processor time of each step, with the start of the command, in seconds.
_SECONDS = {"features": 6.0, "train": 3.6, "rank": 0.7, "monitor": 4.5, "publish": 1.0}
_STEPS = (
    *("rank", "publish", "train", "rank", "rank", "publish", "monitor", "rank", "train", "rank"),
    *("publish", "rank", "train", "features", "rank", "publish"),
)


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try interrupts one step and repeats it: it ends as an uninterrupted one does."""
    while True:
        for step in _STEPS:
            blow = SignalAfter(
                signal.Signals[rng.choice(list(_CODES))], rng.uniform(0.0, _SECONDS[step])
            )
            wrong = _try(arena, step, blow)
            yield wrong and f"{step}, {blow.number.name} after {blow.seconds:.2f} s: {wrong}"


def _try(arena: Arena, step: str, blow: SignalAfter) -> str | None:
    prepared = arena.prepared
    home = prepared.copy_before(step, arena.folder / "home")
    ended = prepared.run_step(step, home, arena.folder / "log", blow)
    wrong = untimely(ended, blow.number.name, step)
    if wrong is None and step != STEP_NAMES[-1]:
        seen = [as_of for as_of, _ in publications(home / "published")]
        wrong = None if seen == [FIRST] else f"published {seen} although interrupted"
    return wrong or prepared.wrong_after(step, home, arena.folder / "log")


def untimely(ended: Ended, name: str, step: str) -> str | None:
    """Return what is wrong with the end of a command that got a signal, None if nothing."""
    if ended.is_hang:
        return "hangs"
    if "Traceback" in ended.text or "Exception ignored" in ended.text:
        return f"a traceback: {ended.text[-400:]}"
    if SENT not in ended.text:
        return None if ended.code == 0 else f"ends with {ended.code}: {ended.text[-300:]}"
    # Before and after its work, the command leaves the signal to the operating system.
    if ended.code in (_CODES[name], -signal.Signals[name]):
        return None
    return f"ends with {ended.code}: {ended.text[-300:]}"
