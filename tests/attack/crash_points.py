"""Fails or kills a run at one of its writes: the Nth rename, sync or write of a small file."""

from __future__ import annotations

import errno
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.warehouse.build_state import STEP_NAMES
from tests.attack import processes
from tests.attack.arena import Arena, untidy

_CALLS = ("replace", "rename", "fsync", "ftruncate", "pwrite")
_MOST_CALLS = 24
HOW = ("killed before", "killed after", "no space", "input/output error")


@dataclass(frozen=True)
class FailAt:
    """Counts the writes of a process and makes one of them fail in a given way."""

    number: int
    how: str

    def __call__(self) -> None:
        """Replace the functions that write."""
        count = 0

        def sabotaged(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal count
                count += 1
                if count != self.number:
                    return real(*arguments, **options)
                if self.how == "killed after":
                    real(*arguments, **options)
                if self.how.startswith("killed"):
                    os.kill(os.getpid(), signal.SIGKILL)
                number = errno.ENOSPC if self.how == "no space" else errno.EIO
                raise OSError(number, os.strerror(number), "a file")

            return call

        for name in _CALLS:
            setattr(os, name, sabotaged(getattr(os, name)))
        Path.write_bytes = sabotaged(Path.write_bytes)  # type: ignore[method-assign]


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try fails one write of a run and repeats the run: it ends as an undisturbed one."""
    while True:
        for step in reversed(STEP_NAMES[1:]):
            point = FailAt(rng.randint(1, _MOST_CALLS), rng.choice(HOW))
            wrong = _try(arena, step, point)
            yield wrong and f"{step}, {point.how} at write {point.number}: {wrong}"


def _try(arena: Arena, step: str, point: FailAt) -> str | None:
    prepared = arena.prepared
    home = prepared.copy_before(step, arena.folder / "home")
    ended = processes.run(prepared.command(home), arena.folder / "log", point)
    if ended.code != -signal.SIGKILL and (wrong := untidy(ended)):
        return wrong
    if ended.code == 0:
        return prepared.wrong_end(home)
    again = processes.run(prepared.command(home), arena.folder / "log")
    if again.code != 0:
        return f"the same command ends with {again.code}: {again.text[-300:]}"
    return prepared.wrong_end(home)
