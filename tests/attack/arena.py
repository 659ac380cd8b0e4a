"""What the attacks have in common: folders, prepared homes, and how tries are counted."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.attack.cycles import Prepared
from tests.attack.processes import Ended

CODES = {0, 1, 2, 3, 4, 5}


@dataclass(frozen=True)
class Arena:
    """A scratch folder, and homes of an uninterrupted cycle to compare with."""

    folder: Path
    prepared: Prepared


Attack = Callable[[Arena, random.Random], Iterator[str | None]]


@dataclass
class Result:
    """Tries of an attack and, for each that fell, a sentence."""

    name: str
    tried: int = 0
    seconds: float = 0.0
    fell: list[str] = field(default_factory=list)


def carry_out(
    name: str, attack: Attack, arenas: Sequence[Arena], tries: int, seed: int, seconds: float
) -> Result:
    """Take up to `tries` tries of an attack, one at a time in each arena; none after `seconds`.

    The tries of an arena depend only on the seed and on how many arenas there are.
    """
    result, started, counting = Result(name), time.monotonic(), threading.Lock()

    def work(arena: Arena, number: int) -> None:
        share = (tries + number) // len(arenas)
        taken = 0
        attempts = attack(arena, random.Random(f"{name} {seed} {number}"))
        while taken < share and time.monotonic() - started < seconds:
            try:
                fallen = next(attempts, "no further try")
            except Exception as error:
                fallen = f"the attack itself fails: {type(error).__name__}: {error}"
            taken += 1
            with counting:
                result.tried += 1
                if fallen is not None:
                    result.fell.append(fallen)
        attempts.close()

    threads = [
        threading.Thread(target=work, args=(arena, number)) for number, arena in enumerate(arenas)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.monotonic() - started
    return result


def untidy(ended: Ended) -> str | None:
    """Return what is wrong with the end of a command, whatever it was asked; None if nothing."""
    if ended.is_hang:
        return "hangs"
    if "Traceback" in ended.text or "error: unexpected" in ended.text:
        return f"no plain message: {ended.text.strip()[-300:]}"
    if ended.code not in CODES:
        return f"ends with {ended.code}: {ended.text.strip()[-300:]}"
    if ended.code and "error: " not in ended.text:
        return f"code {ended.code} without a message: {ended.text.strip()[-300:]}"
    return None
