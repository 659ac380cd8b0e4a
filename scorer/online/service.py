"""The HTTP interface as a plain ASGI application: paths, limits, tokens and answers.

No framework: one request costs some 50 microseconds beside the decision itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from hmac import compare_digest
from time import perf_counter
from typing import Any

import msgspec

from scorer.errors import ConfigurationError, InputError, NextofferError
from scorer.online.documentation import documentation_page, openapi
from scorer.online.events import Accepted
from scorer.online.messages import Decisions, Problem, Request, Requests
from scorer.online.state import Worker

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0
_LOOPBACK = {b"localhost", b"127.0.0.1", b"[::1]", b"testserver"}
_JSON, _HTML = b"application/json", b"text/html; charset=utf-8"
_LOG = logging.getLogger("nextoffer.serve")


class RefusedError(Exception):
    """A request that gets an error; ``status`` is from 400 to 503."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """Status, body and content type."""

    status: int
    body: bytes
    kind: bytes = _JSON


class Service:
    """The application of one worker.

    Parameters
    ----------
    worker : Worker
        Decider, event log and metrics.
    token : str or None
        Bearer token that ``/v1`` requires; None: only requests to this machine by its loopback
        names are answered.
    """

    def __init__(self, worker: Worker, token: str | None = None) -> None:
        self._worker = worker
        self._token = None if token is None else b"Bearer " + token.encode()
        self._encode = msgspec.json.Encoder().encode
        self._request = msgspec.json.Decoder(Request).decode
        self._requests = msgspec.json.Decoder(Requests).decode
        self._posts = {
            "/v1/decisions": self._decide,
            "/v1/decisions:batch": self._decide_all,
            "/v1/events": self._take_events,
        }
        self._gets: dict[str, Callable[[], Answer]] = {
            "/v1/strategies": lambda: Answer(200, self._encode(worker.decider.strategies())),
            "/healthz": lambda: Answer(200, b'{"status":"ok"}'),
            "/readyz": self._ready,
            "/metrics": lambda: Answer(200, *worker.metrics.exposition()),
            "/openapi.json": lambda: Answer(200, openapi()),
            "/docs": lambda: Answer(200, documentation_page(), _HTML),
        }
        if worker.shop is not None:
            for path, (body, kind) in worker.shop.pages().items():
                self._gets[path] = partial(Answer, 200, body, kind)
            self._posts["/shop/why"] = self._explain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; connections are closed while the worker drains."""
        if scope["type"] != "http":
            return
        started = perf_counter()
        path = scope["path"]
        try:
            answer = await self._answer(scope, receive)
        except RefusedError as error:
            answer = Answer(error.status, self._encode(Problem(str(error))))
        except Exception as error:
            # The type only: messages can quote what a person sent.
            _LOG.error("unexpected %s in %s", type(error).__name__, path)
            _LOG.debug("unexpected", exc_info=error)
            answer = Answer(500, self._encode(Problem("unexpected failure")))
        known = path if path in self._posts or path in self._gets else "other"
        self._worker.metrics.request(known, answer.status, perf_counter() - started)
        await _reply(send, answer, self._worker.is_draining)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        host = authorization = kind = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"authorization":
                authorization = value
            elif name == b"content-type":
                kind = value
        if self._token is None:
            if host.rpartition(b":")[0].lower() not in _LOOPBACK and host.lower() not in _LOOPBACK:
                raise RefusedError(421, "without a token, only requests to localhost are answered")
        elif path.startswith("/v1/") and not compare_digest(authorization, self._token):
            raise RefusedError(
                401, "wrong or missing token: send the header Authorization: Bearer …"
            )
        post = self._posts.get(path)
        if post is not None:
            if method != "POST":
                raise RefusedError(405, f"{path} takes POST")
            if kind.partition(b";")[0].strip().lower() != _JSON:
                raise RefusedError(415, "send JSON with the header Content-Type: application/json")
            return await self._posted(post, await _body(receive))
        get = self._gets.get(path)
        if get is None:
            raise RefusedError(404, "no such path; /docs lists them")
        if method not in ("GET", "HEAD"):
            raise RefusedError(405, f"{path} takes GET")
        return get()

    async def _posted(self, post: Callable[[bytes], Awaitable[Answer]], body: bytes) -> Answer:
        try:
            return await post(body)
        except msgspec.ValidationError as error:
            raise RefusedError(422, str(error)) from None
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise RefusedError(400, f"the body is not JSON: {error}") from None
        except (ConfigurationError, InputError) as error:
            raise RefusedError(422, str(error)) from None
        except NextofferError as error:
            raise RefusedError(503, str(error)) from None

    async def _decide(self, body: bytes) -> Answer:
        decision = self._worker.decider.decide(self._request(body))
        self._worker.metrics.decided((decision,))
        return Answer(200, self._encode(decision))

    async def _decide_all(self, body: bytes) -> Answer:
        decider = self._worker.decider
        decisions, now = [], decider.clock()
        for number, request in enumerate(self._requests(body).requests, 1):
            try:
                decisions.append(decider.decide(request, now))
            except ConfigurationError as error:
                raise RefusedError(422, f"request {number}: {error}") from None
        self._worker.metrics.decided(decisions)
        return Answer(200, self._encode(Decisions(decisions)))

    async def _take_events(self, body: bytes) -> Answer:
        received = self._worker.events.read(body)
        try:
            await self._worker.log.append(received)
        except OSError as error:
            raise RefusedError(503, f"events cannot be stored ({error.strerror}); retry") from None
        self._worker.metrics.received(received.number)
        return Answer(202, self._encode(Accepted(received.number)))

    async def _explain(self, body: bytes) -> Answer:
        assert self._worker.shop is not None
        return Answer(200, self._worker.shop.why(body))

    def _ready(self) -> Answer:
        state = self._worker.readiness()
        return Answer(200 if state["ready"] else 503, self._encode(state))


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _rest(receive, body)
    if len(body) > BODY_BYTES:
        raise RefusedError(413, f"the body is larger than {BODY_BYTES >> 20} MB; send less at once")
    return body


async def _rest(receive: Receive, body: bytes) -> bytes:
    parts, size = [body], len(body)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while size <= BODY_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RefusedError(400, "the connection was closed")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if not message.get("more_body"):
                    break
    except TimeoutError:
        raise RefusedError(408, f"the body did not arrive within {BODY_SECONDS:.0f} s") from None
    return b"".join(parts)


async def _reply(send: Send, answer: Answer, closes: bool) -> None:
    headers = [
        (b"content-type", answer.kind),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if closes or answer.status in (408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
