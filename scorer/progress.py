"""Progress of long steps on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Protocol

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.text import Text

_SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """Receives the progress of steps."""

    def start(self, label: str, total: int | None = None) -> None:
        """Begin a step; `total` is in the units that `advance` counts, None if unknown."""

    def total(self, total: int) -> None:
        """Set the total of the current step, once it is known."""

    def advance(self, n: int = 1, text: str = "") -> None:
        """Add `n` finished units; `text` names the last one."""

    def finish(self, text: str = "") -> None:
        """End the step; `text` summarises it."""

    def say(self, text: str) -> None:
        """Print a line."""


class Silent:
    """Shows nothing."""

    def start(self, label: str, total: int | None = None) -> None:
        """Do nothing."""

    def total(self, total: int) -> None:
        """Do nothing."""

    def advance(self, n: int = 1, text: str = "") -> None:
        """Do nothing."""

    def finish(self, text: str = "") -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""


class Lines:
    """Prints plain lines, at most one every ten seconds within a step.

    Parameters
    ----------
    sums_up : bool
        True to print a line for every finished step.
    """

    def __init__(self, sums_up: bool = True) -> None:
        self._sums_up = sums_up
        self._label, self._total, self._done = "", 0, 0
        self._started = self._spoke = 0.0

    def start(self, label: str, total: int | None = None) -> None:
        """Begin a step; the first line is printed after ten seconds."""
        self._label, self._total, self._done = label, total or 0, 0
        self._started = self._spoke = time.monotonic()

    def total(self, total: int) -> None:
        """Set the total of the current step."""
        self._total = total

    def advance(self, n: int = 1, text: str = "") -> None:
        """Add finished units; print a line if the last one is ten seconds old."""
        self._done += n
        if time.monotonic() - self._spoke >= _SECONDS_BETWEEN_LINES:
            self._spoke = time.monotonic()
            of = f"/{self._total}" if self._total else ""
            done = f"{self._done}{of} " if of or self._done else ""
            self.say(f"{self._label}: {done}{text}".rstrip())

    def finish(self, text: str = "") -> None:
        """Print how long the step took."""
        if self._sums_up:
            self.say(f"{self._label}: {_summary(text, time.monotonic() - self._started)}")

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=sys.stderr, flush=True)


class _DoneColumn(bars.MofNCompleteColumn):
    """Shows `3/12`, and nothing while the total is unknown and nothing is done."""

    def render(self, task: bars.Task) -> Text:
        """Return the text of a task."""
        return super().render(task) if task.total is not None or task.completed else Text()


class Bar:
    """Shows a bar during a step, and one line after it if `sums_up`."""

    def __init__(self, console: Console, sums_up: bool = True) -> None:
        self._console, self._sums_up = console, sums_up
        self._bar: bars.Progress | None = None
        self._label, self._started = "", 0.0

    def start(self, label: str, total: int | None = None) -> None:
        """Show the bar."""
        self._stop()
        self._label, self._started = label, time.monotonic()
        self._bar = bars.Progress(
            bars.TextColumn("{task.description:<10}"),
            bars.BarColumn(bar_width=30),
            _DoneColumn(),
            bars.TimeElapsedColumn(),
            bars.TextColumn("{task.fields[text]}", style="dim"),
            console=self._console,
            transient=True,
        )
        self._bar.add_task(escape(label), total=total, text="")
        self._bar.start()

    def total(self, total: int) -> None:
        """Set the total of the current step."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=total)

    def advance(self, n: int = 1, text: str = "") -> None:
        """Add finished units to the bar."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=n, text=escape(text[:50]))

    def finish(self, text: str = "") -> None:
        """Remove the bar; print how long the step took."""
        self._stop()
        if self._sums_up:
            self.say(f"{self._label:<10} {_summary(text, time.monotonic() - self._started)}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(escape(text), highlight=False, soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def make_progress(sums_up: bool = True) -> Progress:
    """Return a bar if stderr is a terminal, else plain lines."""
    console = Console(stderr=True)
    return Bar(console, sums_up) if console.is_terminal else Lines(sums_up)


def _summary(text: str, seconds: float) -> str:
    return f"{text}, {seconds:.1f} s" if text else f"done, {seconds:.1f} s"
