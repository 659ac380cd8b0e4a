"""A few tries of the quick attacks; `make attack` runs all of them."""

from __future__ import annotations

import subprocess
import sys

from tests.attack.__main__ import SMALL
from tests.support.paths import ROOT


def test_nothing_falls() -> None:
    """Every try of the attacks ends as it should.

    The attacks fork processes that import the main module, so pytest must not be that module.
    """
    command = [sys.executable, "-m", "tests.attack", "--small", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split("|")[1].strip() for line in done.stdout.splitlines()] == list(SMALL)
