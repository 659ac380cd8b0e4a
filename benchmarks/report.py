"""Tables of results: on the terminal and as markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable

WIDTH = 140
_LONGEST = 44


@dataclass(frozen=True)
class Table:
    """A titled table of text."""

    title: str
    header: list[str]
    rows: list[list[str]]


def show(table: Table) -> None:
    """Print a table."""
    rich = RichTable(title=table.title, title_justify="left", box=SIMPLE_HEAD)
    for name in table.header:
        rich.add_column(name, no_wrap=True)
    for row in table.rows:
        rich.add_row(*(cell[:_LONGEST] for cell in row))
    Console(width=WIDTH).print(rich)


def write_markdown(path: Path, command: str, tables: list[Table]) -> None:
    """Write tables with the command that made them."""
    lines = ["```text", command, "```"]
    for table in tables:
        lines += [
            "",
            f"### {table.title}",
            "",
            _line(table.header),
            _line(["---"] * len(table.header)),
        ]
        lines += [_line(row) for row in table.rows]
    path.write_text("\n".join(lines) + "\n")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
