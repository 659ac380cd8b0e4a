"""Helpers to open a page of the app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from streamlit.testing.v1 import AppTest

from tests.support.paths import APP

START = APP / "start" / "main.py"
Opener = Callable[..., AppTest]


def today() -> datetime:
    """Return the last UTC midnight, without a time zone."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
