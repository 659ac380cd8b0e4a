"""What tests need to open a page of the app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

START = Path(__file__).parents[2] / "app" / "start" / "main.py"
Opener = Callable[..., AppTest]


def today() -> datetime:
    """Return the last UTC midnight, without a time zone."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
