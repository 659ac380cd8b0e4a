"""Handles Ctrl-C, SIGTERM and SIGHUP so that no library turns them into another failure.

The signal raises :class:`Interrupted` in the main thread. A library may swallow it, or report a
cancelled query instead. Code calls :func:`stop_if_interrupted` before it makes a lasting change,
such as replacing a file, recording a failure or finishing a step.

Python handles a signal only between its own instructions. While a library works, a thread sees the
signal: it calls what :func:`cancelled_on_signal` registered, and ends the process on a second one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scorer.machine_limits import has_address_space

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The exit code of an interrupted command is this plus the number of the signal.
SIGNALLED = 128
_received: list[int] = []
_cancellations: list[Callable[[], object]] = []
_active = False


class Interrupted(KeyboardInterrupt):
    """A signal asked the process to stop.

    Parameters
    ----------
    number : int
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = SIGNALLED + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGNALS in the block into :class:`Interrupted`, however the block ends.

    A second signal ends the process at once. SIGHUP stays ignored where `nohup` ignores it. Blocks
    may be nested; in other threads than the main one, the block changes nothing.
    """
    global _active
    if _active or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    unraisable = sys.unraisablehook
    _active = True
    try:
        for number in SIGNALS:
            if (number, before[number]) != (signal.SIGHUP, signal.SIG_IGN):
                signal.signal(number, _receive)
        sys.unraisablehook = _remembered(unraisable)
        with _watched():
            yield
        stop_if_interrupted()
    except Interrupted:
        raise
    except BaseException as error:
        if _received:
            raise Interrupted(_received[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        sys.unraisablehook = unraisable
        _active = False
        _received.clear()


@contextmanager
def cancelled_on_signal(cancel: Callable[[], object]) -> Iterator[None]:
    """Call `cancel` from another thread if a signal arrives in the block.

    It makes a library stop, for example by interrupting a query.
    """
    _cancellations.append(cancel)
    try:
        yield
    finally:
        _cancellations.remove(cancel)


@contextmanager
def _watched() -> Iterator[None]:
    """Watch for signals in a thread during the block.

    With little memory, a thread may die while Python waits for its start, so there is none.
    """
    if not has_address_space():
        yield
        return
    told, teller = os.pipe()
    os.set_blocking(teller, False)
    before = signal.set_wakeup_fd(teller, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(told,), name="signals", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(teller)
        watcher.join()
        os.close(told)


def _watch(told: int) -> None:
    seen = 0
    while received := os.read(told, 1):
        if received[0] in SIGNALS:
            seen += 1
            if seen > 1:
                os._exit(SIGNALLED + received[0])
            for cancel in list(_cancellations):
                cancel()


def stop_if_interrupted() -> None:
    """Raise if a signal has arrived, even if its exception was swallowed.

    Raises
    ------
    Interrupted
        A signal has arrived within an :func:`interruptible` block.
    """
    if _received:
        raise Interrupted(_received[0])


def is_interrupted() -> bool:
    """Return True once a signal has arrived within an :func:`interruptible` block."""
    return bool(_received)


def _remembered(report: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Suppress messages about a signal that reached a callback of a library; it is remembered."""

    def hook(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            report(unraisable)

    return hook


def _receive(number: int, frame: Any) -> None:
    if _received:
        os._exit(SIGNALLED + number)
    _received.append(number)
    raise Interrupted(number)
