"""Starts the web server of the app, of which it knows only the folder."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from pathlib import Path
from typing import Any

from scorer.errors import ConfigurationError


def serve_app(home: Path, address: str, port: int) -> None:
    """Serve the app on a home folder until it is stopped.

    Raises
    ------
    ConfigurationError
        The app is not installed.
    """
    from streamlit.web import bootstrap

    folder = find_start()
    os.environ["NEXTOFFER_HOME"] = str(home)
    options = read_options(folder / ".streamlit" / "config.toml")
    options |= {"server.address": address, "server.port": port}
    bootstrap.load_config_options({key.replace(".", "_"): value for key, value in options.items()})
    bootstrap.run(str(folder / "main.py"), False, [], {})


def find_start() -> Path:
    """Return the folder of the script that Streamlit runs."""
    spec = importlib.util.find_spec("app")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the app is not installed: install nextoffer again")
    return Path(next(iter(spec.submodule_search_locations))) / "start"


def read_options(file: Path) -> dict[str, Any]:
    """Return the options of a Streamlit configuration file by dotted name.

    They are passed as flags, so that no other configuration of the machine or the working directory
    changes the app, telemetry least of all.
    """
    return _flat(tomllib.loads(file.read_text()), "")


def _flat(options: dict[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        found |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return found
