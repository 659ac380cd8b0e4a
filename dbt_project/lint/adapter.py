"""Replacement for dbt's `adapter` when sqlfluff renders the models without a database."""

from __future__ import annotations

from collections.abc import Callable


def dispatch(name: str, package: str) -> Callable[..., str]:
    """Return a macro that renders as a plain function call."""
    return lambda *arguments: f"{name}({', '.join(str(argument) for argument in arguments)})"


def get_relation(**_: str) -> None:
    """Find no table."""


def quote(name: str) -> str:
    """Return a quoted identifier."""
    return f'"{name}"'
