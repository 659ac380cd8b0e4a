"""What commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text


def print_json(content: Any) -> None:
    """Print a value as JSON; other types as text."""
    click.echo(json.dumps(content, indent=2, default=str))


def print_for_people(*parts: Any) -> None:
    """Print tables and text; 200 columns wide without a terminal, so that scripts see no folds."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=200)).print(*parts)


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool, if_none: str) -> None:
    """Print rows as JSON or as a table; `if_none` replaces an empty table."""
    if as_json:
        print_json(rows)
    elif rows:
        print_for_people(rows_table(rows))
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
    """Return a value as text: None as '', floats with four significant digits, dates as ISO."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
