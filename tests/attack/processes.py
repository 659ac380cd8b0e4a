"""Runs commands of nextoffer in separate processes, which an attack may stop or break."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.attack.preloaded"])
# Starting a process asks all others whether they ended, and an exit code can be read only once.
_READING_CODES = threading.Lock()
LONGEST_SECONDS = 180.0

Sabotage = Callable[[], None]


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (minus the signal that killed it), and what it printed."""

    code: int
    text: str
    seconds: float

    @property
    def is_hang(self) -> bool:
        """True if it had to be killed."""
        return self.seconds >= LONGEST_SECONDS


class Command:
    """A running command; each sabotage is called in its process before it starts."""

    def __init__(self, arguments: Sequence[str | Path], log: Path, *sabotages: Sabotage) -> None:
        self._log, self._started = log, time.monotonic()
        log.write_bytes(b"")
        self.process: BaseProcess = _CONTEXT.Process(
            target=_run, args=([str(part) for part in arguments], str(log), sabotages)
        )
        with _READING_CODES:
            self.process.start()

    def ended(self) -> Ended:
        """Wait for the end; kill the process after LONGEST_SECONDS."""
        is_over = bool(wait([self.process.sentinel], LONGEST_SECONDS))
        seconds = time.monotonic() - self._started if is_over else LONGEST_SECONDS
        if not is_over:
            self.process.kill()
            wait([self.process.sentinel])
        with _READING_CODES:
            code = self.process.exitcode or 0
        return Ended(code, self._log.read_text(errors="replace"), seconds)


def run(arguments: Sequence[str | Path], log: Path, *sabotages: Sabotage) -> Ended:
    """Run a command to its end."""
    return Command(arguments, log, *sabotages).ended()


def _run(arguments: list[str], log: str, sabotages: Sequence[Sabotage]) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    # As where the command line starts.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for sabotage in sabotages:
        sabotage()
    from scorer.cli.app import main

    main(arguments)
