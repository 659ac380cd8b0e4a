"""How the app is served: locally, silently, and from its own folder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from scorer.cli.app_server import find_start, read_options, serve_app
from scorer.cli.host_check import HostCheck
from tests.support.commands import Command

OPTIONS = read_options(find_start() / ".streamlit" / "config.toml")


def test_the_app_sends_nothing_and_listens_locally() -> None:
    """The configuration of the app turns telemetry off and listens on this machine only."""
    assert OPTIONS["browser.gatherUsageStats"] is False
    assert OPTIONS["server.address"] == "localhost"
    assert OPTIONS["client.showErrorDetails"] == "none"


def test_options_of_streamlit_exist() -> None:
    """Every option of the configuration is one that this Streamlit knows."""
    from streamlit import config

    known = set(config.get_config_options())
    assert [name for name in OPTIONS if name not in known] == []


def test_no_folder_of_pages_lies_beside_the_script() -> None:
    """The folder has no `pages`, which Streamlit would open without the navigation of the app."""
    assert (find_start() / "main.py").is_file()
    assert not (find_start() / "pages").exists()


def test_options_are_handed_over_as_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and port take precedence over the file, and the app gets the home folder."""
    import uvicorn
    from streamlit import config

    calls: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: calls.update(options, app=app))
    monkeypatch.setenv("NEXTOFFER_HOME", "before")
    serve_app(tmp_path, "0.0.0.0", 8600)
    assert (calls["host"], calls["port"]) == ("0.0.0.0", 8600)
    assert config.get_option("browser.gatherUsageStats") is False
    assert config.get_option("theme.baseFontSize") == OPTIONS["theme.baseFontSize"]
    assert os.environ["NEXTOFFER_HOME"] == str(tmp_path)


def test_a_wrong_port_is_a_usage_error(nextoffer: Command) -> None:
    """A port out of range is refused before anything starts."""
    assert nextoffer("app", "--port", "0").code == 2


def headers(host: str, origin: str | None = None) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request."""
    found = [(b"host", host.encode())]
    return found if origin is None else [*found, (b"origin", origin.encode())]


@pytest.mark.parametrize(
    ("address", "host", "origin", "allowed"),
    [
        ("localhost", "localhost:8501", "http://localhost:8501", True),
        ("localhost", "127.0.0.1:8501", None, True),
        ("localhost", "[::1]:8501", "http://[::1]:8501", True),
        ("localhost", "LOCALHOST:8501", "http://localhost:8501", True),
        ("localhost", "evil.com:8501", "http://evil.com:8501", False),
        ("localhost", "localhost.evil.com", None, False),
        ("localhost", "localhost:8501", "http://evil.com", False),
        ("localhost", "localhost:8501", "http://localhost:9999", False),
        ("localhost", "localhost:8501", "null", False),
        ("localhost", "localhost:8501", "http://[localhost:8501", False),
        ("localhost", "evil.com@localhost:8501", None, False),
        ("localhost", "localhost:8501/evil.com", None, False),
        ("localhost", "localhost:port", None, False),
        ("localhost", "", None, False),
        ("localhost", "10.0.0.7:8501", None, False),
        ("localhost", "offers.example:443", "https://offers.example:443", True),
        ("0.0.0.0", "10.0.0.7:8501", "http://10.0.0.7:8501", True),
        ("0.0.0.0", "evil.com:8501", "http://evil.com:8501", False),
        ("10.0.0.7", "10.0.0.7:8501", None, True),
        ("10.0.0.7", "localhost:8501", None, False),
    ],
)
def test_requests_name_the_app_and_come_from_it(
    address: str, host: str, origin: str | None, allowed: bool
) -> None:
    """Requests with another name in Host (DNS rebinding) or a foreign page in Origin are
    refused."""
    check = HostCheck(refused, address, ["offers.example"])
    assert check.allows(headers(host, origin)) is allowed


def test_one_host_is_needed() -> None:
    """A request without Host, or with two, is refused."""
    check = HostCheck(refused, "localhost")
    assert not check.allows([])
    assert not check.allows(headers("localhost") * 2)


async def refused(*_: Any) -> None:
    """Fail: the app must not see the request."""
    raise AssertionError("the app was reached")


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_refused_request_never_reaches_the_app(kind: str) -> None:
    """It gets status 403; a web socket is closed before it opens."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": kind, "headers": headers("evil.com:8501", "http://evil.com:8501")}
    asyncio.run(HostCheck(refused, "localhost")(scope, refused, send))
    assert sent[0]["type"] == {"http": "http.response.start"}.get(kind, "websocket.close")
    assert sent[0].get("status", 403) == 403
