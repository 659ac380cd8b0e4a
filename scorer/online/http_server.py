"""HTTP/1.1 for one worker: accepts connections, writes answers, and ends without dropping any.

It uses no framework: a decision is parsed and answered within one callback of the event loop, and
the answers of all clients are written together at the end of the turn. uvicorn with the same parser
and loop needs twice the CPU per decision, which then exceeds 100 microseconds (docs/benchmarks.md).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from scorer.online.http_connection import Connection

if TYPE_CHECKING:
    from scorer.online.service import Service

DRAIN_SECONDS = 15.0
STOP_SECONDS = 10.0

_SWEEP_SECONDS = 0.25
_PAUSE, _MOST_PAUSE = 0.0002, 0.002
_UNSENT_BYTES = 16 << 10
_LOG = logging.getLogger("nextoffer.serve")


class HttpServer:
    """Accepts connections on a listening socket until it drains or stops.

    ``is_shared``: other workers accept connections on the same socket.
    """

    def __init__(
        self, service: Service, logs_requests: bool = False, is_shared: bool = False
    ) -> None:
        self.service, self.logs_requests = service, logs_requests
        self._is_shared = is_shared
        self._coming: set[asyncio.Task[Any]] = set()
        self.connections: set[Connection] = set()
        self.is_draining = False
        self.date = b""
        self._unsent: list[tuple[Any, bytes]] = []
        self._unsent_bytes = 0
        self._ended = asyncio.Event()

    def start(self, listener: socket.socket) -> None:
        """Begin to accept connections."""
        self.loop = asyncio.get_running_loop()
        self._sweep()
        listener.setblocking(False)
        self._listener: socket.socket | None = listener
        self._listen()

    async def until_ended(self) -> None:
        """Wait for the end that :meth:`drain` or :meth:`stop` bring about."""
        await self._ended.wait()
        self._sweeper.cancel()
        self.service.save_counts()

    async def drain(self) -> None:
        """Accept no new connections, answer requests on open ones, then stop."""
        self.is_draining = True
        self.service.drain()
        self._close_listener()
        await self._until_closed(DRAIN_SECONDS)
        await self.stop()

    async def stop(self) -> None:
        """Answer the requests that have arrived, then end."""
        self.is_draining = True
        self._close_listener()
        for connection in list(self.connections):
            connection.close_when_done()
        await self._until_closed(STOP_SECONDS)
        for connection in list(self.connections):
            connection.abort()
        self._ended.set()

    def send(self, transport: Any, data: bytes) -> None:
        """Send at the end of this turn of the loop, together with the answers to other clients.

        Each system call that wakes a waiting process is expensive. One that finds it awake is not.
        """
        if not self._unsent:
            self.loop.call_soon(self.send_now)
        self._unsent.append((transport, data))
        self._unsent_bytes += len(data)
        if self._unsent_bytes > _UNSENT_BYTES:
            self.send_now()

    def send_now(self) -> None:
        """Send all answers that wait, except to clients that have gone meanwhile."""
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        for transport, data in unsent:
            if not transport.is_closing():
                transport.write(data)

    def _listen(self) -> None:
        if self._listener is not None:
            self.loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        """Accept one connection; then workers with fewer connections may take the next ones.

        A worker that accepts all that wait would take every connection of a client that opens
        several at once, and leave the other workers idle.
        """
        assert self._listener is not None
        pause = 0.0
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError as error:
            _LOG.error("no connection can be accepted (%s)", error.strerror)
            pause = _SWEEP_SECONDS
        else:
            accepted.setblocking(False)
            coming = self.loop.connect_accepted_socket(lambda: Connection(self), accepted)
            task = self.loop.create_task(coming)
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)
            if self._is_shared:
                pause = min(_MOST_PAUSE, _PAUSE * len(self.connections))
        if pause:
            self.loop.remove_reader(self._listener)
            self.loop.call_later(pause, self._listen)

    def _close_listener(self) -> None:
        """Close this process's end; connections that wait are for other workers."""
        if self._listener is not None:
            self.loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    async def _until_closed(self, seconds: float) -> None:
        end = self.loop.time() + seconds
        while (self.connections or self._coming) and self.loop.time() < end:
            await asyncio.sleep(0.05)

    def _sweep(self) -> None:
        """Save counts and close late connections: a timer per connection would cost more."""
        self.now = self.loop.time()
        self.service.save_counts()
        self.date = formatdate(usegmt=True).encode()
        for connection in [c for c in self.connections if c.deadline < self.now]:
            connection.expire()
        self._sweeper = self.loop.call_later(_SWEEP_SECONDS, self._sweep)
