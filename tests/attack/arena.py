"""Shared parts of the attacks: a folder, prepared home folders, and the counting of tries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.attack.cycles import Prepared, prepare
from tests.attack.processes import Ended

CODES = {0, 1, 2, 3, 4, 5}


@dataclass
class Arena:
    """A scratch folder, and homes of an uninterrupted cycle to compare with."""

    folder: Path

    @cached_property
    def prepared(self) -> Prepared:
        """Home folders before each step of a cycle, created at first use."""
        return prepare(self.folder / "prepared")


Attack = Callable[[Arena, random.Random], Iterator[str | None]]


@dataclass
class Result:
    """Tries of an attack and, for each that fell, a sentence."""

    name: str
    tried: int = 0
    seconds: float = 0.0
    fell: list[str] = field(default_factory=list)


def carry_out(
    name: str, attack: Attack, arena: Arena, tries: int, seed: int = 0, seconds: float = 1e9
) -> Result:
    """Take up to `tries` tries of an attack, and begin none after `seconds`."""
    result, started = Result(name), time.monotonic()
    for fallen in attack(arena, random.Random(seed)):
        result.tried += 1
        if fallen is not None:
            result.fell.append(fallen)
        result.seconds = time.monotonic() - started
        if result.tried >= tries or result.seconds > seconds:
            break
    return result


def untidy(ended: Ended) -> str | None:
    """Return what is wrong with the end of any command, or None."""
    if ended.is_hang:
        return "hangs"
    if "Traceback" in ended.text or "error: unexpected" in ended.text:
        return f"no plain message: {ended.text.strip()[-300:]}"
    if ended.code not in CODES:
        return f"ends with {ended.code}: {ended.text.strip()[-300:]}"
    if ended.code and "error: " not in ended.text:
        return f"code {ended.code} without a message: {ended.text.strip()[-300:]}"
    return None
