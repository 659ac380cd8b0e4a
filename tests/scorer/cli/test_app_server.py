"""How the app is served: locally, silently, and from its own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scorer.cli.app_server import find_start, read_options, serve_app
from tests.support.commands import Command

OPTIONS = read_options(find_start() / ".streamlit" / "config.toml")


def test_the_app_sends_nothing_and_listens_locally() -> None:
    """Telemetry is off and the address is this machine, in the app's own configuration."""
    assert OPTIONS["browser.gatherUsageStats"] is False
    assert OPTIONS["server.address"] == "localhost"
    assert OPTIONS["client.showErrorDetails"] == "none"


def test_options_of_streamlit_exist() -> None:
    """Every option of the configuration is one that this Streamlit knows."""
    from streamlit import config

    known = set(config.get_config_options())
    assert [name for name in OPTIONS if name not in known] == []


def test_no_folder_of_pages_lies_beside_the_script() -> None:
    """Streamlit would open links to such pages without the app's navigation."""
    assert (find_start() / "main.py").is_file()
    assert not (find_start() / "pages").exists()


def test_options_are_handed_over_as_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and port win over the file; the home folder reaches the app."""
    from streamlit.web import bootstrap

    calls: dict[str, Any] = {}
    monkeypatch.setattr(bootstrap, "load_config_options", lambda flags: calls.update(flags))
    monkeypatch.setattr(bootstrap, "run", lambda *arguments: calls.update(run=arguments))
    monkeypatch.setenv("NEXTOFFER_HOME", "before")
    serve_app(tmp_path, "0.0.0.0", 8600)
    assert calls["server_address"] == "0.0.0.0"
    assert calls["server_port"] == 8600
    assert calls["browser_gatherUsageStats"] is False
    assert calls["run"][0].endswith("main.py")


def test_a_wrong_port_is_a_usage_error(nextoffer: Command) -> None:
    """A port out of range is refused before anything starts."""
    assert nextoffer("app", "--port", "0").code == 2
