"""Notifies people about a cycle: the report, and the findings to a webhook."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from scorer.cli.status import findings_text
from scorer.errors import ConfigurationError, InputError

SECONDS = 10


def write_report(home: Path, out: Path) -> None:
    """Write the report of the current publication to an HTML file.

    The app writes it in a separate process.

    Raises
    ------
    InputError
        Nothing is published, or the report cannot be written; the message says why.
    """
    command = [sys.executable, "-W", "ignore", "-m", "app.report", str(home), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError((done.stderr.strip().splitlines() or ["the report failed"])[-1])


def notification(found: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a webhook: a text for people, and the findings of `read_status`.

    Keys: `text` (one line per strategy that failed and per finding), `as_of`, `failed` (strategy
    ids) and `findings`.
    """
    failed = [row for row in found["strategies"] if row["status"] == "failed"]
    lines = [f"failed: {row['strategy_id']}: {row['reason']}" for row in failed]
    lines += findings_text(found)
    return {
        "text": "\n".join([f"nextoffer, {found['published_as_of']}", *(lines or ["No findings."])]),
        "as_of": found["published_as_of"],
        "failed": [row["strategy_id"] for row in failed],
        "findings": found["findings"],
    }


def notify(url: str, found: dict[str, Any]) -> None:
    """Post the notification as JSON.

    Raises
    ------
    ConfigurationError
        The address is not an http or https address.
    InputError
        The webhook cannot be reached or refuses.
    """
    if urlparse(url).scheme not in ("http", "https"):
        raise ConfigurationError(f"--notify: {url!r} is not an http or https address")
    body = json.dumps(notification(found)).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=SECONDS).close()
    except (urllib.error.URLError, OSError, ValueError) as error:
        place = urlparse(url).hostname
        raise InputError(f"--notify: {place} did not take the findings: {error}") from None
