"""The service of `nextoffer serve` behind uvicorn, with the same parser and event loop.

python -m benchmarks.peers.asgi_service HOME PORT
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import uvicorn

from scorer.online.bundle import bundle_path
from scorer.online.exchange import Answer, Asked
from scorer.online.service import Service
from scorer.online.worker import WorkerOptions, make_worker

_FIELDS = {b"host": "host", b"authorization": "authorization", b"content-type": "kind"}


class Application:
    """An ASGI application around a service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        given = {_FIELDS[name]: value for name, value in scope["headers"] if name in _FIELDS}
        asked = Asked(scope["method"].encode(), scope["path"].encode(), body=body, **given)
        started = perf_counter()
        answer = self._service.answer(asked)
        if not isinstance(answer, Answer):
            answer = await answer
        self._service.count(asked, answer, perf_counter() - started)
        length = b"%d" % len(answer.body)
        headers = [(b"content-type", answer.kind), (b"content-length", length)]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})


def main() -> None:
    """Serve until stopped."""
    home, port = Path(sys.argv[1]), int(sys.argv[2])
    bundle = str(bundle_path(home / "published.duckdb"))
    with tempfile.TemporaryDirectory() as folder:
        options = WorkerOptions(str(home), folder, bundle, str(Path(folder) / "status.json"))
        application = Application(Service(make_worker(options)))
        gc.freeze()
        uvicorn.run(
            application,
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_level="warning",
        )


if __name__ == "__main__":
    main()
