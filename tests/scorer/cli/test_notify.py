"""`status --notify`: findings to a webhook and to a text file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.synthetic_publication import write_publication
from scorer.cli.app import main
from tests.support.opening import today


class Webhook:
    """A web server on the loopback that keeps what it gets, and answers with a status."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.bodies: list[Any] = []
        self.status = 200
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                assert self.headers["Content-Type"] == "application/json"
                webhook.bodies.append(json.loads(self.rfile.read(size)))
                self.send_response(webhook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Return a running webhook."""
    found = Webhook()
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def run(*arguments: str) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_findings_are_posted_and_written(webhook: Webhook, tmp_path: Path) -> None:
    """The webhook gets the findings as JSON with a text; the file holds the same text."""
    changes = {"training_runs": {"status": "'failed'", "reason": "'disk is full'"}}
    write_publication(tmp_path, today(), changes=changes)
    file = tmp_path / "mail.txt"
    options = ("--home", str(tmp_path), "--notify", webhook.url, "--text", str(file))
    assert run("status", *options) == 0
    body = webhook.bodies[0]
    assert body["failed"] == ["mail", "web"]
    assert {row["severity"] for row in body["findings"]} == {"severe", "warning"}
    assert "failed: web: disk is full" in body["text"]
    assert body["findings"][0]["sentence"] in body["text"]
    assert file.read_text().rstrip("\n") == body["text"]


def test_a_webhook_that_refuses_is_an_error(
    webhook: Webhook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer of 500 ends with code 3 and names the host, not the path, which may be secret."""
    webhook.status = 500
    write_publication(tmp_path, today())
    assert run("status", "--home", str(tmp_path), "--notify", webhook.url) == 3
    error = capsys.readouterr().err
    assert "127.0.0.1 did not take the findings" in error
    assert "hook" not in error


def test_only_web_addresses_are_taken(tmp_path: Path) -> None:
    """A file address is wrong usage."""
    write_publication(tmp_path, today())
    assert run("status", "--home", str(tmp_path), "--notify", "file:///etc/passwd") == 2
