"""One worker process: serves one publication until it is told to drain.

The supervisor passes the listening socket and two pipes. A worker writes one line when it is ready
or cannot serve, and ends when the supervisor's end of the other pipe closes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scorer.errors import NextofferError
from scorer.inputs.event_log import EventLog
from scorer.online.bundle import read_bundle
from scorer.online.decider import Decider, now_utc
from scorer.online.events import EventReader
from scorer.online.http_server import HttpServer
from scorer.online.live_counts import Journal
from scorer.online.messages import Request
from scorer.online.metrics import Metrics
from scorer.online.service import Service
from scorer.online.state import SharedLog, Worker
from scorer.online.tokens import TokenKey

READY = "ready"

_OPEN_FILES = 65_536


@dataclass(frozen=True)
class WorkerOptions:
    """Options that the supervisor passes to a worker; ``clock_start`` moves the clock of a demo.

    ``metrics`` is the folder in which workers share their counts, ``shares`` is True if other
    workers accept connections on the same socket.
    """

    home: str
    raw: str
    bundle: str
    status: str
    metrics: str | None = None
    token: str | None = None
    demo: bool = False
    clock_start: tuple[str, str] | None = None
    logs_requests: bool = False
    shares: bool = False

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


def make_worker(options: WorkerOptions) -> Worker:
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
        Metrics(None if options.metrics is None else Path(options.metrics)),
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
    _allow_connections()
    # Whatever is loaded stays: looking through it for garbage would take milliseconds each time.
    gc.freeze()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        server = HttpServer(Service(worker, options.token), options.logs_requests, options.shares)
        runner.run(_run(server, listener, report, lifeline))
    worker.log.close()


async def _run(server: HttpServer, listener: socket.socket, report: int, lifeline: int) -> None:
    """Serve until SIGTERM, the end of the supervisor, or SIGUSR1: that drains."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def begin(end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop.remove_reader(lifeline)
        tasks.add(loop.create_task(end()))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, begin, server.stop)
    loop.add_signal_handler(signal.SIGUSR1, begin, server.drain)
    loop.add_reader(lifeline, begin, server.stop)
    server.start(listener)
    os.write(report, f"{READY}\n".encode())
    await server.until_ended()


def _allow_connections() -> None:
    """Raise the limit of open files, often 1,024, as far as the system lets this user."""
    open_files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(open_files, wanted), most))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The faster event loop, where there is one for the system."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def main() -> None:
    """Run a worker with the options and file descriptors of the command line."""
    options = WorkerOptions(**json.loads(sys.stdin.read()))
    listener, report, lifeline = map(int, sys.argv[1:])
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.Formatter.converter = lambda *_: datetime.now(UTC).timetuple()
    logging.getLogger("nextoffer.serve").setLevel(
        logging.INFO if options.logs_requests else "WARNING"
    )
    serve(options, socket.socket(fileno=listener), report, lifeline)


if __name__ == "__main__":
    main()
