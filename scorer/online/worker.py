"""One worker process: serves one publication until it is told to drain.

The supervisor passes the listening socket and two pipes. A worker writes one line when it is ready
or cannot serve, and ends when the supervisor's end of the other pipe closes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scorer.errors import NextofferError
from scorer.inputs.event_log import EventLog
from scorer.online.bundle import read_bundle
from scorer.online.decider import Decider, now_utc
from scorer.online.events import EventReader
from scorer.online.live_counts import Journal
from scorer.online.messages import Request
from scorer.online.metrics import Metrics
from scorer.online.service import Service
from scorer.online.state import SharedLog, Worker
from scorer.online.tokens import TokenKey

READY = "ready"
HEADER_SECONDS = 10.0
HEADER_BYTES = 64 << 10
KEEP_ALIVE_SECONDS = 75
DRAIN_SECONDS = 15.0


@dataclass(frozen=True)
class WorkerOptions:
    """What the supervisor tells a worker; ``clock_start`` moves the clock of a demo."""

    home: str
    raw: str
    bundle: str
    status: str
    token: str | None = None
    demo: bool = False
    clock_start: tuple[str, str] | None = None
    logs_requests: bool = False

    def to_json(self) -> str:
        """The options as text."""
        return json.dumps(asdict(self))

    @property
    def clock(self) -> Callable[[], datetime]:
        """Clock of decisions and events: the real one, or one that started at another moment."""
        if self.clock_start is None:
            return now_utc
        started, shown = (datetime.fromisoformat(text) for text in self.clock_start)
        return lambda: shown + (now_utc() - started)


class CarefulProtocol(HttpToolsProtocol):
    """HTTP with a limit on the time and size of headers, which uvicorn leaves open."""

    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first headers."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Close connections whose headers grow too large."""
        if self._deadline is not None:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES + (1 << 20):
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of another request."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._stop()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._stop()
        self._header_bytes = 0
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def make_worker(options: WorkerOptions, shared_metrics: bool = True) -> Worker:
    """Load the publication and compile the kernels of decisions.

    Raises
    ------
    InputError
        The bundle is damaged.
    """
    home = Path(options.home)
    bundle, key, journal = (
        read_bundle(Path(options.bundle)),
        TokenKey.of_home(home),
        Journal.of_home(home),
    )
    decider = Decider(bundle, key, journal, options.clock)
    for strategy in bundle.strategies:
        decider.decide(Request("nobody", strategy, placements=["default"]))
    shop = None
    if options.demo:
        from scorer.online.shop.pages import Shop

        shop = Shop(decider, Path(options.bundle).with_suffix(".duckdb"))
    return Worker(
        decider,
        EventReader(key, bundle.event_kinds, bundle.context_paths, options.clock),
        SharedLog(EventLog(Path(options.raw)), journal),
        Metrics(shared_metrics),
        Path(options.status),
        shop,
    )


def serve(options: WorkerOptions, listener: socket.socket, report: int, lifeline: int) -> None:
    """Serve until told to stop; ``report`` and ``lifeline`` are file descriptors of pipes."""
    try:
        worker = make_worker(options)
    except NextofferError as error:
        os.write(report, f"{error}\n".encode())
        sys.exit(error.exit_code)
    config = uvicorn.Config(
        Service(worker, options.token),
        http=CarefulProtocol,
        lifespan="off",
        log_config=None,
        access_log=options.logs_requests,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=10,
        backlog=2048,
    )
    config.load()
    server = _Server(config, worker, report)
    threading.Thread(target=_follow, args=(lifeline, server), daemon=True).start()
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve([listener]))


class _Server(uvicorn.Server):
    """Tells the supervisor when it listens; drains on SIGUSR1."""

    def __init__(self, config: uvicorn.Config, worker: Worker, report: int) -> None:
        super().__init__(config)
        self._worker, self._report = worker, report

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, lambda: loop.create_task(self._drain()))
        os.write(self._report, f"{READY}\n".encode())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way, then bring the events into sight of cycles."""
        await super().shutdown(sockets)
        self._worker.log.close()

    async def _drain(self) -> None:
        """Accept nothing new, answer what comes on open connections, then end."""
        self._worker.is_draining = True
        for server in self.servers:
            server.close()
        waited = 0.0
        while self.server_state.connections and waited < DRAIN_SECONDS:
            await asyncio.sleep(0.1)
            waited += 0.1
        self.should_exit = True


def _follow(lifeline: int, server: uvicorn.Server) -> None:
    """End when the supervisor has ended."""
    os.read(lifeline, 1)
    server.should_exit = True


def main() -> None:
    """Run a worker with the options and file descriptors of the command line."""
    options = WorkerOptions(**json.loads(sys.stdin.read()))
    listener, report, lifeline = map(int, sys.argv[1:])
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.Formatter.converter = lambda *_: datetime.now(UTC).timetuple()
    serve(options, socket.socket(fileno=listener), report, lifeline)


if __name__ == "__main__":
    main()
