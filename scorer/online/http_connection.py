"""One HTTP connection: a parser in C, requests that are answered in order, and limits.

Every connection limits the time and size of headers and bodies, the number of waiting requests, and
the size of unread answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from functools import cache
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httptools

from scorer.online.exchange import BODY_BYTES, BODY_SECONDS, Answer, Asked, refusal

if TYPE_CHECKING:
    from scorer.online.http_server import HttpServer

HEADER_BYTES = 64 << 10
HEADER_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 75.0
UNREAD_SECONDS = 30.0

_LINGER_SECONDS = 5.0
_WAITING = 32
_NEVER = float("inf")
_LOG = logging.getLogger("nextoffer.serve")


class Connection(asyncio.Protocol):
    """One client: reads requests, answers them in order, and writes the answers."""

    _transport: Any

    def __init__(self, server: HttpServer) -> None:
        self._server, self._service = server, server.service
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Asked, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._in_head, self._in_body = True, False
        self._head_bytes = self._body_bytes = 0
        self._closes = self._lingers = self._is_full = self._is_paused = False
        self.deadline = _NEVER

    # What the event loop calls.

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        self._transport = transport
        self._server.connections.add(self)
        self._wait(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the connection; an event that is being stored is still stored."""
        self._closes = True
        self._server.connections.discard(self)

    def eof_received(self) -> bool:
        """Answer what has arrived, then close."""
        if not self._lingers and (self._in_body or self._head_bytes):
            self._refuse(400, "the request ends before it is complete")
            return False
        self._closes = True
        # The transport closes when this returns False, before the end of the turn.
        self._server.send_now()
        return self._is_busy and not self._lingers

    def data_received(self, data: bytes) -> None:
        """Parse the received bytes, and answer complete requests."""
        if self._lingers or (self._closes and not self._in_body):
            return
        if self._in_head:
            if self._head_bytes > HEADER_BYTES:
                self._refuse(431, f"headers are larger than {HEADER_BYTES >> 10} KB")
                return
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.close_when_done()
        except httptools.HttpParserCallbackError as error:
            _LOG.error("unexpected %s in a connection", type(error.__context__).__name__)
            self._refuse(500, "unexpected failure")
        except httptools.HttpParserError:
            self._refuse(400, "the request is not HTTP/1.1")

    def pause_writing(self) -> None:
        """Stop answering a client that does not read."""
        self._is_full = True
        self._wait(UNREAD_SECONDS)

    def resume_writing(self) -> None:
        """Go on answering."""
        self._is_full = False
        self._wait(KEEP_ALIVE_SECONDS)
        self._work()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._parts: list[bytes] = []
        self._host = self._authorization = self._kind = b""
        self._expects = False
        self._in_head, self._body_bytes = True, 0
        self._wait(HEADER_SECONDS)

    def on_url(self, url: bytes) -> None:
        """The target, or a part of it."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self._in_head:
            return
        name = name.lower()
        if name == b"host":
            self._host = value
        elif name == b"content-type":
            self._kind = value
        elif name == b"authorization":
            self._authorization = value
        elif name == b"content-length" and len(value) > 7:
            self._refuse(413, _TOO_LARGE)
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_head, self._in_body, self._head_bytes = False, True, 0
        self._wait(BODY_SECONDS)
        if self._expects and not self._lingers and not self._is_busy:
            self._server.send(self._transport, b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES:
            self._refuse(413, _TOO_LARGE)
        elif not self._lingers:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """A request is complete: answer it, unless earlier ones are not answered yet."""
        self._in_head, self._in_body = True, False
        self._head_bytes = 0
        if self._lingers:
            return
        parts = self._parts
        asked = Asked(
            self._parser.get_method(),
            self._url.partition(b"?")[0],
            self._host,
            self._authorization,
            self._kind,
            parts[0] if len(parts) == 1 else b"".join(parts),
        )
        keeps = self._parser.should_keep_alive()
        if self._is_busy or self._is_full:
            self._waiting.append((asked, keeps))
        else:
            self._answer(asked, keeps)
        if len(self._waiting) >= _WAITING and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    # Answers.

    @property
    def _is_busy(self) -> bool:
        return self._task is not None or bool(self._waiting)

    def _work(self) -> None:
        """Answer requests in their order, until one has to wait."""
        while self._waiting and self._task is None and not self._is_full:
            self._answer(*self._waiting.popleft())

    def _answer(self, asked: Asked, keeps: bool) -> None:
        started = perf_counter()
        answer = self._service.answer(asked)
        if isinstance(answer, Answer):
            self._reply(asked, answer, keeps, started)
        else:
            self.deadline = _NEVER
            later = self._later(asked, answer, keeps, started)
            self._task = self._server.loop.create_task(later)

    async def _later(
        self, asked: Asked, coming: Coroutine[Any, Any, Answer], keeps: bool, started: float
    ) -> None:
        answer = await coming
        self._task = None
        self._reply(asked, answer, keeps, started)
        self._work()

    def _reply(self, asked: Asked, answer: Answer, keeps: bool, started: float) -> None:
        self._service.count(asked, answer, perf_counter() - started)
        if self._server.logs_requests:
            _LOG.info("%s %d", self._service.named(asked), answer.status)
        if self._transport.is_closing():
            self._waiting.clear()
            return
        closes = not keeps or self._server.is_draining or (self._closes and not self._waiting)
        self._write(answer, closes, asked.method != b"HEAD")
        if closes:
            self._close()
        else:
            if self._is_paused and not self._waiting:
                self._is_paused = False
                self._transport.resume_reading()
            self._wait(UNREAD_SECONDS if self._is_full else KEEP_ALIVE_SECONDS)

    def _write(self, answer: Answer, closes: bool, has_body: bool = True) -> None:
        body = answer.body
        head = b"%s%d\r\ndate: %s\r\n\r\n" % (
            _head(answer.status, answer.kind, closes),
            len(body),
            self._server.date,
        )
        self._server.send(self._transport, head + body if has_body else head)

    def _refuse(self, status: int, message: str) -> None:
        """Answer a request that cannot be read, and read no other.

        Closing immediately could discard the answer before the client has read it.
        """
        if self._lingers or self._transport.is_closing():
            return
        self._lingers = True
        if self._is_busy:
            self.close_when_done()
            return
        answer = refusal(status, message)
        self._service.count(None, answer, 0.0)
        self._write(answer, True)
        self._server.send_now()
        self._transport.write_eof()
        self._wait(_LINGER_SECONDS)

    def close_when_done(self) -> None:
        """Close after the received requests are answered."""
        self._closes = True
        if not self._is_busy and not (self._in_body and not self._lingers):
            self._close()

    def expire(self) -> None:
        """The client is late."""
        if self._is_busy and not self._is_full:
            self.deadline = _NEVER
        elif self._in_body and not self._lingers and not self._is_full:
            self._refuse(408, f"the body did not arrive within {BODY_SECONDS:.0f} s")
        else:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _close(self) -> None:
        self._waiting.clear()
        self._closes = True
        self._server.send_now()
        self._transport.close()
        self._wait(UNREAD_SECONDS)

    def _wait(self, seconds: float) -> None:
        self.deadline = self._server.now + seconds


_TOO_LARGE = f"the body is larger than {BODY_BYTES >> 20} MB; send less at once"


@cache
def _head(status: int, kind: bytes, closes: bool) -> bytes:
    """Status line and headers up to the length of the body."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"content-type: {kind.decode()}",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        *(["connection: close"] if closes else []),
        "content-length: ",
    ]
    return "\r\n".join(lines).encode()
