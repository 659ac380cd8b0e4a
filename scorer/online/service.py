"""The HTTP interface: paths, limits, tokens and answers; no framework, no sockets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from functools import partial
from hmac import compare_digest
from typing import Any

import msgspec

from scorer.errors import ConfigurationError, InputError, NextofferError
from scorer.online.documentation import documentation_page, openapi
from scorer.online.events import Accepted
from scorer.online.exchange import HTML, JSON, Answer, Asked, refusal
from scorer.online.messages import Decisions, Request, Requests
from scorer.online.state import Worker

Later = Coroutine[Any, Any, Answer]

_LOOPBACK = {b"localhost", b"127.0.0.1", b"[::1]"}
_LOG = logging.getLogger("nextoffer.serve")


class RefusedError(Exception):
    """A request that gets an error; ``status`` is from 400 to 503."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


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
        self._posts: dict[bytes, Callable[[bytes], Answer | Later]] = {
            b"/v1/decisions": self._decide,
            b"/v1/decisions:batch": self._decide_all,
            b"/v1/events": self._take_events,
        }
        self._gets: dict[bytes, Callable[[], Answer]] = {
            b"/v1/strategies": lambda: Answer(200, self._encode(worker.decider.strategies())),
            b"/healthz": lambda: Answer(200, b'{"status":"ok"}'),
            b"/readyz": self._ready,
            b"/metrics": lambda: Answer(200, *worker.exposition()),
            b"/openapi.json": lambda: Answer(200, openapi()),
            b"/docs": lambda: Answer(200, documentation_page(), HTML),
        }
        if worker.shop is not None:
            for path, (body, kind) in worker.shop.pages().items():
                self._gets[path.encode()] = partial(Answer, 200, body, kind)
            self._posts[b"/shop/why"] = self._explain
        self._names = {path: path.decode() for path in (*self._posts, *self._gets)}

    def answer(self, asked: Asked) -> Answer | Later:
        """Answer a request, at once or, where events have to reach the disk, later."""
        try:
            found = self._handled(asked)
        except Exception as error:
            return self._refused(asked, error)
        return found if isinstance(found, Answer) else self._guarded(asked, found)

    def count(self, asked: Asked | None, answer: Answer, seconds: float) -> None:
        """Count a request in the metrics; None: one that could not be read."""
        self._worker.metrics.request(self.named(asked), answer.status, seconds)

    def save_counts(self) -> None:
        """Show the counts of this worker to the others."""
        self._worker.metrics.save()

    def named(self, asked: Asked | None) -> str:
        """The path of a request if there is such a path: others can hold anything."""
        return "other" if asked is None else self._names.get(asked.path, "other")

    def drain(self) -> None:
        """Say in ``/readyz`` that the worker is about to end."""
        self._worker.is_draining = True

    async def _guarded(self, asked: Asked, coming: Later) -> Answer:
        try:
            return await coming
        except Exception as error:
            return self._refused(asked, error)

    def _handled(self, asked: Asked) -> Answer | Later:
        path = asked.path
        if self._token is None:
            host = asked.host.lower()
            if host.rpartition(b":")[0] not in _LOOPBACK and host not in _LOOPBACK:
                raise RefusedError(421, "without a token, only requests to localhost are answered")
        elif path.startswith(b"/v1/") and not compare_digest(asked.authorization, self._token):
            raise RefusedError(
                401, "wrong or missing token: send the header Authorization: Bearer …"
            )
        post = self._posts.get(path)
        if post is not None:
            if asked.method != b"POST":
                raise RefusedError(405, f"{path.decode()} takes POST")
            if asked.kind != JSON and asked.kind.partition(b";")[0].strip().lower() != JSON:
                raise RefusedError(415, "send JSON with the header Content-Type: application/json")
            return post(asked.body)
        get = self._gets.get(path)
        if get is None:
            raise RefusedError(404, "no such path; /docs lists them")
        if asked.method not in (b"GET", b"HEAD"):
            raise RefusedError(405, f"{path.decode()} takes GET")
        return get()

    def _refused(self, asked: Asked, error: Exception) -> Answer:
        match error:
            case RefusedError():
                return refusal(error.status, str(error))
            case msgspec.ValidationError() | ConfigurationError() | InputError():
                return refusal(422, str(error))
            case msgspec.DecodeError() | RecursionError() | UnicodeError():
                return refusal(400, f"the body is not JSON: {error}")
            case NextofferError():
                return refusal(503, str(error))
        # Log only the type, because the message may quote the request.
        _LOG.error("unexpected %s in %s", type(error).__name__, self.named(asked))
        _LOG.debug("unexpected", exc_info=error)
        return refusal(500, "unexpected failure")

    def _decide(self, body: bytes) -> Answer:
        decision = self._worker.decider.decide(self._request(body))
        self._worker.metrics.decided((decision,))
        return Answer(200, self._encode(decision))

    def _decide_all(self, body: bytes) -> Answer:
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

    def _explain(self, body: bytes) -> Answer:
        assert self._worker.shop is not None
        return Answer(200, self._worker.shop.why(body))

    def _ready(self) -> Answer:
        state = self._worker.readiness()
        return Answer(200 if state["ready"] else 503, self._encode(state))
