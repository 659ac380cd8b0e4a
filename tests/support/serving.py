"""A real `nextoffer serve` process, and requests to it over keep-alive connections."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEXTOFFER = [sys.executable, "-c", "from scorer.cli.app import main; main()"]
_PATIENCE = 90.0


@dataclass
class Served:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is kept alive."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of one request."""
        connection = self.connect()
        try:
            return ask(connection, path, body)
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        pid = self.process.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def wait_for(self, what: Any) -> Any:
        """The readiness once it satisfies a condition."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                _, state = self.ask("/readyz")
                if what(state):
                    return state
            except OSError:
                assert self.process.poll() is None, "the server has ended"
            time.sleep(0.1)
        raise AssertionError("the server did not become as expected")


def ask(connection: http.client.HTTPConnection, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of a request on an open connection."""
    headers = {"Content-Type": "application/json"}
    data = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, data, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


@contextmanager
def serving(home: Path, raw: Path, *options: str) -> Iterator[Served]:
    """Serve a home until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["serve", "--home", str(home), "--raw", str(raw), "--port", str(port), *options]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen([*NEXTOFFER, *arguments], env=environment)
    served = Served(port, process)
    try:
        served.wait_for(lambda state: state["ready"])
        yield served
    finally:
        process.terminate()
        process.wait(60)
