"""Runs the workers: starts them, replaces those that died, and follows new publications.

A new publication gets new workers. When they are ready, the old ones accept no more connections,
finish open requests and end. A publication that cannot be served is reported, and the old workers
continue.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from scorer.errors import ConfigurationError, InputError
from scorer.files import write_json
from scorer.online.bundle import bundle_path
from scorer.online.worker import READY, WorkerOptions

START_SECONDS = 120.0
_POLL_SECONDS = 0.5
_RESTART_SECONDS = 1.0

Say = Callable[[str], None]


@dataclass
class _Process:
    """A worker: its process, the pipe of its reports, and the pipe whose end stops it."""

    process: subprocess.Popen[bytes]
    report: int
    lifeline: int
    told: bytes = b""
    started: float = field(default_factory=time.monotonic)

    @property
    def is_ready(self) -> bool:
        """True once it accepts connections."""
        return self.told.startswith(READY.encode())

    def read(self) -> None:
        """Read what it has reported so far."""
        try:
            self.told += os.read(self.report, 4096)
        except BlockingIOError:
            return

    def end(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def close(self) -> None:
        """Close both pipes."""
        os.close(self.report)
        os.close(self.lifeline)


class Supervisor:
    """Keeps ``workers`` processes serving the current publication of a home folder.

    Parameters
    ----------
    options : WorkerOptions
        Options of every worker; the supervisor sets the bundle.
    published : Path
        The link ``published.duckdb``.
    listener : socket.socket
        Bound and listening; see :func:`listen`.
    workers : int
        Number of processes.
    say : callable
        Prints a line for the operator.
    """

    def __init__(
        self,
        options: WorkerOptions,
        published: Path,
        listener: socket.socket,
        workers: int,
        say: Say,
    ) -> None:
        self._metrics = Path(options.status).with_suffix(".metrics")
        self._options = replace(options, metrics=str(self._metrics), shares=workers > 1)
        self._published, self._listener = published, listener
        self._n, self._say = workers, say
        self._current: list[_Process] = []
        self._next: list[_Process] = []
        self._old: list[_Process] = []
        self._bundle: tuple[str, int] | None = None
        self._loading: tuple[str, int] | None = None
        self._refused: tuple[str, int] | None = None
        self._stops = False

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises
        ------
        InputError
            The first publication cannot be served.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir(parents=True)
        Path(self._options.status).unlink(missing_ok=True)
        try:
            self._load(self._identity())
            while not self._stops:
                self._step()
                time.sleep(_POLL_SECONDS if not self._next else 0.05)
        finally:
            self._end()

    def _step(self) -> None:
        self._advance()
        self._reap()
        if self._next:
            return
        try:
            wanted = self._identity()
        except InputError as error:
            self._refuse(("", 0), str(error))
            return
        if wanted not in (self._bundle, self._refused):
            self._load(wanted)
        elif len(self._current) < self._n and self._bundle is not None:
            self._current += [
                self._start(self._bundle[0]) for _ in range(self._n - len(self._current))
            ]

    def _identity(self) -> tuple[str, int]:
        """The bundle to serve, and when it was written: a cycle that runs again writes it anew."""
        folder = bundle_path(self._published)
        return str(folder), (folder / "bundle.json").stat().st_mtime_ns

    def _load(self, wanted: tuple[str, int]) -> None:
        self._loading = wanted
        self._next = [self._start(wanted[0]) for _ in range(self._n)]

    def _advance(self) -> None:
        """Replace old workers by new ones when all are ready, or refuse the new ones."""
        for worker in (*self._next, *self._current):
            worker.read()
        if not self._next or self._loading is None:
            return
        late = time.monotonic() - self._next[0].started > START_SECONDS
        failed = [w for w in self._next if w.process.poll() is not None]
        if failed or late:
            told = failed[0].told.decode(errors="replace").strip() if failed else ""
            self._refuse(self._loading, told or "the worker did not start")
            self._discard(self._next)
            self._next = []
        elif all(worker.is_ready for worker in self._next):
            for worker in self._current:
                worker.end(signal.SIGUSR1)
            self._old += self._current
            self._current, self._next = self._next, []
            self._bundle, self._refused = self._loading, None
            Path(self._options.status).unlink(missing_ok=True)
            self._say(f"serving {Path(self._bundle[0]).name}")

    def _refuse(self, what: tuple[str, int], why: str) -> None:
        if self._bundle is None:
            raise InputError(why)
        if self._refused != what:
            self._say(f"the new publication is not served: {why}")
            write_json(Path(self._options.status), {"bundle": Path(what[0]).name, "reason": why})
        self._refused = what

    def _reap(self) -> None:
        """Remove processes that have ended; replace those of the current publication."""
        for group in (self._old, self._current):
            for worker in [w for w in group if w.process.poll() is not None]:
                group.remove(worker)
                worker.close()
                if group is self._current and not self._stops:
                    self._say(
                        f"a worker ended with code {worker.process.returncode}; starting another"
                    )
                    time.sleep(_RESTART_SECONDS)

    def _start(self, bundle: str) -> _Process:
        told, report = os.pipe()
        lifeline, held = os.pipe()
        os.set_blocking(told, False)
        descriptors = (self._listener.fileno(), report, lifeline)
        process = subprocess.Popen(
            [sys.executable, "-m", "scorer.online.worker", *map(str, descriptors)],
            stdin=subprocess.PIPE,
            pass_fds=descriptors,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
            },
        )
        os.close(report)
        os.close(lifeline)
        assert process.stdin is not None
        process.stdin.write(replace(self._options, bundle=bundle).to_json().encode())
        process.stdin.close()
        return _Process(process, told, held)

    def _discard(self, workers: list[_Process]) -> None:
        for worker in workers:
            worker.end(signal.SIGTERM)
        for worker in workers:
            try:
                worker.process.wait(15)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.close()

    def _stop(self, *_: object) -> None:
        self._stops = True

    def _end(self) -> None:
        self._discard([*self._next, *self._current, *self._old])
        self._listener.close()


def listen(address: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    ConfigurationError
        The address or port cannot be used.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"--port: {address}:{port} cannot be used ({error.strerror or error})"
        ) from None
    return listener
