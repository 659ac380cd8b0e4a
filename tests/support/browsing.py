"""A real browser in front of the app, as `nextoffer app` serves it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "Overview",
    "Performance",
    "Offers",
    "Ranked offers",
    "What if",
    "Model",
    "Interactions",
    "Policy value",
    "Health",
)
NEXTOFFER = [sys.executable, "-c", "from scorer.cli.app import main; raise SystemExit(main())"]
_IDLE = """
() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app && app.getAttribute('data-test-script-state') === 'notRunning'
        && document.querySelector('h1') !== null;
}
"""
_DRAWN = """
() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]
    .filter(chart => chart.offsetParent !== null)
    .every(chart => chart.querySelector('canvas, svg') !== null)
"""
_PATIENCE_MS = 120_000


@dataclass
class Visit:
    """A browser page on a running app, with all errors and outside requests so far."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> None:
        """Open a link and wait until the page is drawn."""
        self.page.goto(f"{self.url}/{path}")
        self.settle()

    def go_to(self, title: str) -> None:
        """Choose a page in the navigation and wait until it is drawn."""
        self.page.get_by_test_id("stSidebarNavLink").filter(has_text=title).first.click()
        self.page.wait_for_function(
            "title => document.querySelector('h1')?.innerText === title", arg=title
        )
        self.settle()

    def settle(self) -> None:
        """Wait until the app is idle and its charts are drawn."""
        self.page.wait_for_function(_IDLE, timeout=_PATIENCE_MS)
        self.page.wait_for_function(_DRAWN, timeout=_PATIENCE_MS)
        self.page.wait_for_timeout(300)

    def boxes_with_exceptions(self) -> int:
        """Return how many exception boxes are on the page."""
        return self.page.get_by_test_id("stException").count()

    def shoot(self, file: Path, height: int | None = None) -> None:
        """Save a screenshot as PNG, of the whole page or its first `height` pixels."""
        size = self.page.viewport_size
        assert size is not None
        content = self.page.get_by_test_id("stMainBlockContainer").bounding_box()
        whole = int(content["height"]) + 40 if content else size["height"]
        self.page.set_viewport_size({"width": size["width"], "height": height or min(whole, 8000)})
        self.settle()
        self.page.screenshot(path=file)
        self.page.set_viewport_size(size)


@contextmanager
def visit(home: Path, width: int = 1280) -> Iterator[Visit]:
    """Serve the app on a home folder and open a browser in front of it."""
    with _serve(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="light")
        found = Visit(page, url)
        page.on("console", lambda message: _note_message(found, message))
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on("request", lambda request: _note_request(found, request))
        yield found
        browser.close()


def _note_message(found: Visit, message: ConsoleMessage) -> None:
    # On a link to a page, Streamlit first requests root files below the path of the page.
    if message.type == "error" and "/_stcore/" not in message.location.get("url", ""):
        found.errors.append(f"{message.text} ({message.location.get('url')})")


def _note_request(found: Visit, request: Request) -> None:
    if urlparse(request.url).hostname not in ("localhost", None):
        found.outside.append(request.url)


@contextmanager
def _serve(home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [*NEXTOFFER, "app", "--home", str(home), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(server, port)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _await(server: subprocess.Popen[bytes], port: int) -> None:
    give_up = time.monotonic() + _PATIENCE_MS / 1000
    while time.monotonic() < give_up:
        if server.poll() is not None:
            raise RuntimeError(f"the app ended with code {server.returncode}")
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the app did not start")
