"""What commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

# Without a terminal, rows are not folded.
_WITHOUT_EDGE = 5_000


def print_json(content: Any) -> None:
    """Print a value as JSON; other types as text."""
    click.echo(json.dumps(content, indent=2, default=str))


def print_for_people(*parts: Any, width: int = 200) -> None:
    """Print tables and text, folded at the edge of the terminal, else at `width` columns."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=width)).print(*parts)


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool, if_none: str) -> None:
    """Print rows as JSON or as a table; `if_none` replaces an empty table."""
    if as_json:
        print_json(rows)
    elif rows:
        print_for_people(rows_table(rows), width=_WITHOUT_EDGE)
    else:
        click.echo(if_none)


def rows_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return a table with one column per key of the first row."""
    table = Table()
    for name, value in rows[0].items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(as_text(value)) for value in row.values()))
    return table


def as_text(value: Any) -> str:
    """Return a value as text for a table.

    None is '', a float has four significant digits and no exponent, a date is ISO, a list is its
    values and a map its `key: value` pairs, separated by commas.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return _plain(value)
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {as_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(as_text, value))
    return str(value)


def _plain(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
