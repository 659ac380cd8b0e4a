"""Checks the configuration before a run; every error names file, line and column.

A raw folder may contain `ranking_strategies`, `strategy_segments`, `strategy_offers` and
`context_features`; each replaces the seed of that name in the dbt project.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.config import MAX_SEGMENTS, Settings
from scorer.inputs.configuration_rows import Row, read_rows, rows_of
from scorer.inputs.configuration_values import (
    integer,
    is_capping_event,
    is_currency,
    is_id,
    is_list,
    number,
    one_of,
)
from scorer.inputs.readable_files import ReadableFiles, readable_files

MAX_CAPPING_RULES = 10
# Maximum number of days, weeks or months of a look-back; more would overflow dates of the engine.
MAX_PERIODS = 10_000
SEEDS = ("context_features", "ranking_strategies", "strategy_segments", "strategy_offers")
DEFAULT_STRATEGY = "default"
# Defaults of stg_ranking_strategies for empty values.
DEFAULT_WINDOW_HOURS, DEFAULT_LOOKBACK_DAYS, DEFAULT_EXPLORATION_SHARE = 24, 30, 0.1
_NO_ROWS = re.compile(r"\bwhere\s+false\b", re.IGNORECASE)
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
_PATH = re.compile(r"^[A-Za-z_@][\w:\-]*(\.[A-Za-z_@][\w:\-]*)*$")


@dataclass(frozen=True)
class Column:
    """A column of a configuration file; errors quote `allowed`, which describes what `test`
    accepts."""

    name: str
    allowed: str = ""
    test: Callable[[str], bool] = lambda value: True
    required: bool = False


_IS_NAME = "write letters, digits, _ - . only"
_STRATEGY = Column("strategy_id", _IS_NAME, lambda v: bool(_NAME.match(v)), required=True)
_OFFER = Column("offer_id", "name an offer", is_id, required=True)
_SEGMENT = Column("segment_id", "name a segment", is_id, required=True)
_DAYS = f"write a whole number from 1 to {MAX_PERIODS}"
_TYPES = "write total or profile"
_LIST = "separate values by |, none empty"

FILES: dict[str, tuple[Column, ...]] = {
    "ranking_strategies": (
        _STRATEGY,
        Column("display_name"),
        Column("kpi_name"),
        Column("kpi_type", "write binary or continuous", lambda v: v in ("binary", "continuous")),
        Column(
            "currency",
            "write a currency in at most 5 characters, such as CHF",
            is_currency,
        ),
        Column("success_event_types", _LIST, is_list),
        Column("value_path", "write a dotted path", lambda v: bool(_PATH.match(v))),
        Column(
            "window_hours",
            f"write a number above 0, at most {24 * MAX_PERIODS}",
            number(0, 24 * MAX_PERIODS, above=True),
        ),
        Column("lookback_days", _DAYS, integer(1, MAX_PERIODS)),
        Column("min_displays", "write a whole number of at least 0", integer(0)),
        Column("min_successes", "write a whole number of at least 0", integer(0)),
        Column("pool_readiness_by"),
        Column("exploration_share", "write a number from 0 to 1", number(0, 1)),
        Column("exploration", "write uniform or informed", one_of("uniform", "informed")),
        Column("control_share", "write a number from 0 to 1", number(0, 1)),
        Column("top_k", "write a whole number of at least 1", integer(1)),
        Column("placement_ids", _LIST, is_list),
        Column("context_features", _LIST, is_list),
        Column("objective", "write reward or net_value", one_of("reward", "net_value")),
        Column("guardrails", _LIST, is_list),
    ),
    "strategy_segments": (_STRATEGY, _SEGMENT),
    "strategy_offers": (_STRATEGY, _OFFER),
    "context_features": (
        Column("feature_name", _IS_NAME, lambda v: bool(_NAME.match(v)), required=True),
        Column("path", "write a dotted path", lambda v: bool(_PATH.match(v)), required=True),
        Column("value_type", "write category or number", lambda v: v in ("category", "number")),
    ),
    "eligibility_rules": (
        _OFFER,
        _SEGMENT,
        Column("rule", "write include or exclude", one_of("include", "exclude"), required=True),
    ),
    "capping_rules": (
        _OFFER,
        Column(
            "capping_event",
            "write decision, impression, click or an event type such as commerce.purchases",
            is_capping_event,
            required=True,
        ),
        Column("capping_type", _TYPES, one_of("total", "profile"), required=True),
        Column("capping_limit", "write a whole number of at least 1", integer(1), required=True),
        Column(
            "period",
            "write day, week, month or lifetime",
            one_of("day", "week", "month", "lifetime"),
        ),
        Column("period_count", _DAYS, integer(1, MAX_PERIODS)),
        Column("placement_id"),
    ),
}


Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def check_configuration(settings: Settings, tables: Tables | None = None) -> None:
    """Raise for the first wrong row of the configuration.

    Parameters
    ----------
    settings : Settings
        Names the raw folder and the dbt project.
    tables : mapping or None
        Input -> rows, for inputs that are tables; they replace the files.

    Raises
    ------
    ConfigurationError
        A row, column or reference is wrong.
    InputError
        A file cannot be read.
    """
    tables = tables or {}
    readable = readable_files(settings)
    rows = {
        name: _checked(name, rows_of(f"table {name}", enumerate(tables[name], 1), *_columns(name)))
        if name in tables
        else checked_rows(name, _files(settings, readable, name))
        for name in FILES
    }
    features = _unique(rows["context_features"], "feature_name")
    strategies = _unique(rows["ranking_strategies"], "strategy_id") or {DEFAULT_STRATEGY}
    # The context features of flat displays and computed ones are known only once they are built;
    # the outcomes of flat displays are final.
    has_flat_log = "displays" in settings.inputs or bool(readable.files.get("displays"))
    is_any_known = has_flat_log or _computes_features(settings)
    for row in rows["ranking_strategies"]:
        _check_strategy(row, None if is_any_known else features)
        _check_guardrails(row, strategies)
        if not has_flat_log:
            _check_window(row)
    for name in ("strategy_segments", "strategy_offers"):
        _check_references(rows[name], strategies)
    _check_count(
        rows["strategy_segments"], "strategy_id", MAX_SEGMENTS, "segments", "of a strategy"
    )
    _check_count(rows["capping_rules"], "offer_id", MAX_CAPPING_RULES, "rules", "of an offer")


def _files(settings: Settings, readable: ReadableFiles, name: str) -> dict[Path, str]:
    """Return the files of a table, and the name of each in errors: that of the user's own file."""
    own = {file: readable.sources[file].name for file in readable.files.get(name, [])}
    seed = settings.project_dir / "seeds" / f"{name}.csv"
    return own or ({seed: seed.name} if name in SEEDS and seed.exists() else {})


def _computes_features(settings: Settings) -> bool:
    """Return whether somebody edited the model of computed features, which ships without rows."""
    model = settings.project_dir / "models" / "custom" / "profile_features.sql"
    return model.is_file() and not _NO_ROWS.search(model.read_text(encoding="utf-8"))


def _check_strategy(row: Row, features: set[str] | None) -> None:
    """Raise for a wrong combination of values; with `features` None, any name is allowed."""
    exploration = row.values.get("exploration_share") or DEFAULT_EXPLORATION_SHARE
    if float(exploration) + float(row.values.get("control_share") or 0) > 1:
        raise row.error("control_share", "exploration_share + control_share must be at most 1")
    if row.values.get("kpi_type") == "continuous" and not row.values.get("value_path"):
        raise row.error("value_path", "a continuous KPI needs one, e.g. commerce.order.priceTotal")
    for feature in filter(None, (row.values.get("context_features") or "").split("|")):
        if features is not None and feature.strip() not in features:
            known = ", ".join(sorted(features)) or "none"
            raise row.error("context_features", f"{feature.strip()} is unknown; known: {known}")


def _check_guardrails(row: Row, strategies: set[str]) -> None:
    """Raise for a guardrail whose KPI no other strategy defines, or that is there twice."""
    own, told = row.values["strategy_id"], row.values.get("guardrails") or ""
    names = [part.strip().removeprefix("-").strip() for part in told.split("|") if part.strip()]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise row.error("guardrails", f"{name} is there twice; keep one of them")
        if name == own:
            raise row.error("guardrails", f"{name} is the strategy itself; name another one")
        if name not in strategies:
            known = ", ".join(sorted(strategies - {own})) or "none"
            raise row.error("guardrails", f"there is no strategy {name}; other strategies: {known}")


def _check_window(row: Row) -> None:
    """Raise if displays leave the look-back window before their outcome is final."""
    hours = float(row.values.get("window_hours") or DEFAULT_WINDOW_HOURS)
    days = int(row.values.get("lookback_days") or DEFAULT_LOOKBACK_DAYS)
    if hours >= 24 * days:
        column = "window_hours" if row.values.get("window_hours") else "lookback_days"
        raise row.error(
            column,
            f"a window of {hours:g} hours never closes within a look-back of {days} days:"
            " write fewer window_hours or more lookback_days",
        )


def _unique(rows: list[Row], column: str) -> set[str]:
    first: dict[str, Row] = {}
    for row in rows:
        value = row.values[column]
        if value in first:
            raise row.error(
                column, f"line {first[value].line} has the same value; keep one of the two rows"
            )
        first[value] = row
    return set(first)


def _check_references(rows: list[Row], strategies: set[str]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        if row.values["strategy_id"] not in strategies:
            known = ", ".join(sorted(strategies))
            raise row.error(
                "strategy_id", f"ranking_strategies has no such strategy; known: {known}"
            )
        key = tuple(row.values.values())
        if key in seen:
            raise row.error(
                list(row.values)[-1], f"line {seen[key]} is the same row; keep one of the two"
            )
        seen[key] = row.line


def _check_count(rows: list[Row], column: str, limit: int, what: str, of: str) -> None:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.values[column]] += 1
        if counts[row.values[column]] > limit:
            raise row.error(
                column, f"this is row {limit + 1} of the {what} {of}; at most {limit} are allowed"
            )


def checked_rows(name: str, files: Mapping[Path, str]) -> list[Row]:
    """Return the rows of a configuration table, values trimmed and checked one by one.

    `files` maps each file to its name in errors.
    """
    return [
        row
        for file, source in files.items()
        for row in _checked(name, read_rows(file, source, *_columns(name)))
    ]


def _columns(name: str) -> tuple[list[str], list[str]]:
    """Return the names of the known and of the required columns."""
    columns = FILES[name]
    return [c.name for c in columns], [c.name for c in columns if c.required]


def _checked(name: str, rows: Iterable[Row]) -> list[Row]:
    checked = []
    for row in rows:
        for column in FILES[name]:
            value = row.values.get(column.name, "")
            if (column.required and not value) or (value and not column.test(value)):
                raise row.error(column.name, column.allowed)
        checked.append(row)
    return checked
