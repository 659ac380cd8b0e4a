"""Rows of `policy_evaluation` as tables for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from scorer.ope.evaluation import INSUFFICIENT

Row = dict[str, Any]

_TEXTS = ("policy", "model", "kind", "95 % interval")
_COLUMNS = (
    "policy",
    "model",
    "kind",
    "displays",
    "per display",
    "95 % interval",
    "over random",
    "over best single",
    "effective",
)


def evaluation_tables(rows: Sequence[Row], estimator: str) -> list[Table]:
    """One table per strategy: the value of each policy by one estimator."""
    chosen = [row for row in rows if row["estimator"] == estimator]
    strategies = dict.fromkeys(row["strategy_id"] for row in chosen)
    return [_table(s, [r for r in chosen if r["strategy_id"] == s]) for s in strategies]


def _table(strategy: str, rows: list[Row]) -> Table:
    """Table of the policies, then of stored versions."""
    estimator, cycle = rows[0]["estimator"], rows[0]["cycle_date"]
    table = Table(
        title=f"{strategy}, {cycle}: reward of the first offer, by {estimator}",
        title_justify="left",
        caption=_caption(rows),
        caption_justify="left",
    )
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in _TEXTS else "right")
    for row in rows:
        table.add_row(*map(Text, _cells(row)))
    return table


def _cells(row: Row) -> list[str]:
    if row["status"] == INSUFFICIENT:
        values = [INSUFFICIENT, f"{row['matching_responses']} matching responses"]
    else:
        interval = f"{row['value_low']:.4g} to {row['value_high']:.4g}"
        values = [f"{row['policy_value']:.4g}", interval]
    return [
        row["policy"],
        row["model_version"] or "",
        row["model_kind"] or "",
        f"{row['displays']:,}",
        *values,
        _lift(row, "lift_over_random"),
        _lift(row, "lift_over_best_single"),
        f"{row['effective_sample_size']:,.0f}",
    ]


def _lift(row: Row, name: str) -> str:
    lift, low, high = (row[n] for n in (name, f"{name}_low", f"{name}_high"))
    if name.endswith(row["policy"]):
        return "-"
    if lift is None:
        return INSUFFICIENT
    between = "" if low is None else f" ({low:+.0%} to {high:+.0%})"
    return f"{lift:+.0%}{between}"


def _caption(rows: list[Row]) -> str:
    lines = []
    unknown = max(row["displays_without_propensity"] for row in rows)
    if unknown:
        lines.append(f"{unknown:,} displays without a known propensity are not used.")
    if any(row["policy"] in ("previous", "version") for row in rows):
        lines.append("Stored models are evaluated only on displays after their training data;")
        lines.append("lifts compare two policies on the same displays.")
    return "\n".join(lines)


def as_json_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of all estimators, with timestamps as ISO text."""
    return [
        {name: v.isoformat() if hasattr(v, "isoformat") else v for name, v in row.items()}
        for row in rows
    ]
