"""Virtual environments that tests create, and the Pythons to create them with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SUPPORTED = ("3.13", "3.12", "3.11")


def other_python() -> str | None:
    """Return the newest supported Python that runs here and is not the running version."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    pyenv = Path.home() / ".pyenv" / "versions"
    for version in SUPPORTED:
        if version == running:
            continue
        for python in (f"python{version}", *map(str, pyenv.glob(f"{version}.*/bin/python"))):
            if _creates_environments(python):
                return python
    return None


def _creates_environments(python: str) -> bool:
    try:
        tried = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder, without this process's Python settings; return its output."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
