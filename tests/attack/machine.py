"""Limits of the machine: a full disk, small files, few open files, little memory."""

from __future__ import annotations

import random
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scorer.warehouse.build_state import STEP_NAMES
from tests.attack.arena import Arena, untidy


@dataclass(frozen=True)
class Limit:
    """Sets a limit of the operating system in a process."""

    kind: str
    value: int

    def __call__(self) -> None:
        """Set the limit."""
        number = getattr(resource, self.kind)
        resource.setrlimit(number, (self.value, resource.getrlimit(number)[1]))


_LIMITS = {
    "RLIMIT_FSIZE": (1 << 12, 1 << 23),
    "RLIMIT_NOFILE": (8, 80),
    "RLIMIT_AS": (1 << 28, 1 << 33),
}


def attack(arena: Arena, rng: random.Random) -> Iterator[str | None]:
    """Each try runs a cycle with a limit, which ends with a message, then without it."""
    while True:
        for step in reversed(STEP_NAMES):
            kind = rng.choice(("disk", *_LIMITS))
            if kind == "disk":
                size = rng.randint(16, 80) << 18
                with _small_disk(arena.folder / "disk", size) as disk:
                    wrong = disk and _try(arena, step, disk / "home", None, size)
            else:
                limit = Limit(kind, rng.randint(*_LIMITS[kind]))
                wrong = _try(arena, step, arena.folder / "home", limit, 0)
                size = limit.value
            yield wrong and f"{step}, {kind} of {size}: {wrong}"


def _try(arena: Arena, step: str, home: Path, limit: Limit | None, size: int) -> str | None:
    prepared, log = arena.prepared, arena.folder / "log"
    try:
        prepared.copy_before(step, home)
    except OSError:
        return None
    ended = prepared.run_step(step, home, log, *([limit] if limit else []))
    # Native code may end the process if it gets no memory; then the lock is free too.
    is_killed = limit is not None and limit.kind == "RLIMIT_AS" and ended.code < 0
    if not (is_killed and not ended.is_hang) and (wrong := untidy(ended)):
        return wrong
    if size:
        subprocess.run(["mount", "-o", "remount,size=1g", home.parent], check=True)
    return prepared.wrong_after(step, home, log)


@contextmanager
def _small_disk(folder: Path, size: int) -> Iterator[Path | None]:
    """Yield a small file system in memory; None if this user may not mount one."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
