"""Starts the web server of the app, given only the folder of the app."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scorer.cli.host_check import HostCheck
from scorer.errors import ConfigurationError


def serve_app(home: Path, address: str, port: int, names: Sequence[str] = ()) -> None:
    """Serve the app on a home folder until it is stopped.

    It answers requests to `address` and to the further `names`, see :class:`HostCheck`.

    Raises
    ------
    ConfigurationError
        The app is not installed.
    """
    import uvicorn
    from starlette.middleware import Middleware
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    folder = find_start()
    os.environ["NEXTOFFER_HOME"] = str(home)
    options = read_options(folder / ".streamlit" / "config.toml")
    options |= {"server.address": address, "server.port": port}
    bootstrap.load_config_options({key.replace(".", "_"): value for key, value in options.items()})
    check = Middleware(HostCheck, address=address, names=names)
    app = App(folder / "main.py", middleware=[check])
    shown = "localhost" if address in ("0.0.0.0", "::") else address
    click.echo(f"The app is at http://{shown}:{port}; Ctrl-C stops it.", err=True)
    uvicorn.run(app, host=address, port=port, access_log=False, log_level="error")


def find_start() -> Path:
    """Return the folder of the script that Streamlit runs."""
    spec = importlib.util.find_spec("app")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the app is not installed: install nextoffer again")
    return Path(next(iter(spec.submodule_search_locations))) / "start"


def read_options(file: Path) -> dict[str, Any]:
    """Return the options of a Streamlit configuration file by dotted name.

    They are passed as flags, so that no other configuration on the machine or in the working
    directory changes the app, in particular its telemetry.
    """
    return _flat(tomllib.loads(file.read_text()), "")


def _flat(options: dict[str, Any], prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        found |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return found
