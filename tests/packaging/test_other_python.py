"""The product installs and runs on another supported Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.environments import SUPPORTED, other_python, run
from tests.support.paths import ROOT


@pytest.mark.slow
def test_two_weeks_of_the_demo_run_on_another_python(tmp_path: Path) -> None:
    """Installed with the constraints into another Python, the demo of a few people runs."""
    python = other_python()
    if python is None:
        supported = ", ".join(SUPPORTED)
        pytest.skip(f"only Python {sys.version_info.major}.{sys.version_info.minor} of {supported}")
    environment = tmp_path / "environment"
    run(python, "-m", "venv", environment, folder=tmp_path)
    binaries = environment / "bin"
    # Python compiles what it imports; pip would compile everything.
    pip = (binaries / "python", "-m", "pip", "install", "--quiet", "--no-compile")
    run(*pip, ROOT, "-c", ROOT / "constraints.txt", folder=tmp_path)

    demo = ("demo", "--home", "home", "--weeks", "2", "--profiles", "200")
    output = run(binaries / "nextoffer", *demo, folder=tmp_path)

    assert "Week 2" in output
    assert (tmp_path / "home" / "published.duckdb").exists()
