"""Quoting for SQL text, and the first line of a database error."""

from __future__ import annotations

from pathlib import Path


def quote(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """Return a text as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def first_line(error: BaseException) -> str:
    """Return the first line of an error message that is not blank, else the type of the error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
