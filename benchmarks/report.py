"""Tables of results: on the terminal and as markdown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.cells import Outcome
from benchmarks.requirements import standard_error

WIDTH = 140
_LONGEST = 44


@dataclass(frozen=True)
class Table:
    """A titled table of text."""

    title: str
    header: list[str]
    rows: list[list[str]]


def world_table(world: str, outcomes: list[Outcome]) -> Table:
    """One row per peer, best first; means over seeds with their standard errors."""
    rows = []
    for peer in dict.fromkeys(o.peer for o in outcomes):
        own = [o for o in outcomes if o.peer == peer]
        done = [o for o in own if o.status == "ok"]
        status = ", ".join(sorted({o.status for o in own}))
        normalised = np.array([o.normalised for o in done if not np.isnan(o.normalised)])
        reached = [figure(np.array([o.ratio for o in done])), figure(normalised)]
        times = [_mean([o.fit_seconds for o in done]), _mean([o.score_seconds for o in done])]
        rank = np.mean([o.value for o in done]) if done else -np.inf
        rows.append((rank, [peer, *reached, *times, status]))
    header = ["peer", "x best single", "normalised", "fit CPU s", "score CPU s", "status"]
    ordered = sorted(rows, key=lambda row: -row[0])
    return Table(world, header, [row for _, row in ordered])


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


def figure(values: np.ndarray, digits: int = 3) -> str:
    """Mean with its standard error over seeds; the error is omitted for a single seed."""
    if values.size == 0:
        return "-"
    if values.size == 1:
        return f"{values[0]:.{digits}f} (1 seed)"
    return f"{values.mean():.{digits}f} ± {standard_error(values):.{digits}f}"


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):.1f}" if values else "-"
