"""What an attack does to a process from inside: a signal, a write that fails, an early end."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENT = "SIGNAL SENT"
_CALLS = ("replace", "rename", "fsync", "ftruncate", "pwrite")


@dataclass(frozen=True)
class StopBefore:
    """Ends the process, with code 0, where a step of the cycle would begin."""

    step: str

    def __call__(self) -> None:
        """Replace the step."""
        from scorer.cycle import run

        run.STEPS = {**run.STEPS, self.step: lambda work: os._exit(0)}


@dataclass(frozen=True)
class SignalAfter:
    """Sends a signal to its process after some seconds of processor time.

    So the moment does not depend on what else the machine does.
    """

    number: signal.Signals
    seconds: float

    def __call__(self) -> None:
        """Start a thread that waits."""
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while time.process_time() < self.seconds:
            time.sleep(0.002)
        send(self.number)


@dataclass(frozen=True)
class FailAt:
    """Counts the writes of a process; at one of them, it fails, is killed or gets a signal."""

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
                return self._fail(real, *arguments, **options)

            return call

        for name in _CALLS:
            setattr(os, name, sabotaged(getattr(os, name)))
        Path.write_bytes = sabotaged(Path.write_bytes)  # type: ignore[method-assign]

    def _fail(self, real: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if self.how in ("no space", "input/output error"):
            number = errno.ENOSPC if self.how == "no space" else errno.EIO
            raise OSError(number, os.strerror(number), "a file")
        name, moment = self.how.split()
        result = real(*arguments, **options) if moment == "after" else None
        send(signal.Signals[name])
        return result if moment == "after" else real(*arguments, **options)


HOW = (
    *("no space", "input/output error"),
    *(
        f"{name} {moment}"
        for name in ("SIGKILL", "SIGINT", "SIGTERM")
        for moment in ("before", "after")
    ),
)


def send(number: signal.Signals) -> None:
    """Send a signal to this process, and say so."""
    os.write(2, f"{SENT}\n".encode())
    os.kill(os.getpid(), number)
