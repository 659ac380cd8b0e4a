"""One request and its answer, as passed between the HTTP server and the service."""

from __future__ import annotations

import msgspec

from scorer.online.messages import Problem

BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0
JSON, HTML = b"application/json", b"text/html; charset=utf-8"


class Asked(msgspec.Struct, frozen=True):
    """A complete request."""

    method: bytes
    path: bytes
    host: bytes = b""
    authorization: bytes = b""
    kind: bytes = b""
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    """Status, body and content type."""

    status: int
    body: bytes
    kind: bytes = JSON


def refusal(status: int, message: str) -> Answer:
    """An answer with the reason why a request was refused."""
    return Answer(status, msgspec.json.encode(Problem(message)))
