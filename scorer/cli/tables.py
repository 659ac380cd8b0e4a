"""Rows as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from rich.table import Table
from rich.text import Text


def rows_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return a table with one column per key of the first row."""
    table = Table()
    for name, value in rows[0].items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell_text(value)) for value in row.values()))
    return table


def cell_text(value: Any) -> str:
    """Return a value as people read it: nothing for None, four significant digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
