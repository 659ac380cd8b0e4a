"""Checks the configuration files before anything runs; every error names file, line and column.

A raw folder may bring its own `ranking_strategies`, `strategy_segments`, `strategy_offers` and
`context_features`; each takes the place of the dbt project's seed of that name.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError
from scorer.raw_folder import file_kind, input_files

MAX_SEGMENTS = 50
MAX_CAPPING_RULES = 10
SEEDS = ("context_features", "ranking_strategies", "strategy_segments", "strategy_offers")
DEFAULT_STRATEGY = "default"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
_PATH = re.compile(r"^[A-Za-z_@][\w:\-]*(\.[A-Za-z_@][\w:\-]*)*$")


@dataclass(frozen=True)
class Row:
    """One record of a configuration file."""

    file: str
    line: int
    values: dict[str, str]

    def error(self, column: str, allowed: str) -> ConfigurationError:
        """Return an error that names the place, the value and what is allowed."""
        value = self.values.get(column, "")
        shown = f"{value!r} is not allowed" if value else "is empty"
        return ConfigurationError(f"{self.file} line {self.line}, column {column}: {shown}; {allowed}")


@dataclass(frozen=True)
class Column:
    """What a column may hold."""

    name: str
    allowed: str = ""
    test: Callable[[str], bool] = lambda value: True
    required: bool = False


def _number(low: float, high: float = float("inf"), above: bool = False) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        try:
            number = float(value)
        except ValueError:
            return False
        return (low < number if above else low <= number) and number <= high and number < 1e15

    return test


def _integer(low: int) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        return re.fullmatch(r"[+-]?\d{1,9}", value) is not None and int(value) >= low

    return test


def _one_of(*names: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in names


def _is_list(value: str) -> bool:
    return all(part.strip() for part in value.split("|"))


def _is_capping_event(value: str) -> bool:
    return value in ("decision", "impression", "click") or "." in value.strip(".")


_IS_NAME = "write letters, digits, _ - . only"
_STRATEGY = Column("strategy_id", _IS_NAME, lambda v: bool(_NAME.match(v)), required=True)
_OFFER = Column("offer_id", "name an offer", required=True)
_LIST = "separate values by |, none empty"

FILES: dict[str, tuple[Column, ...]] = {
    "ranking_strategies": (
        _STRATEGY,
        Column("kpi_name"),
        Column("kpi_type", "write binary or continuous", lambda v: v in ("binary", "continuous")),
        Column("success_event_types", _LIST, _is_list),
        Column("value_path", "write a dotted path", lambda v: bool(_PATH.match(v))),
        Column("window_hours", "write a number above 0", _number(0, above=True)),
        Column("lookback_days", "write a whole number of at least 1", _integer(1)),
        Column("min_displays", "write a whole number of at least 0", _integer(0)),
        Column("min_successes", "write a whole number of at least 0", _integer(0)),
        Column("exploration_share", "write a number from 0 to 1", _number(0, 1)),
        Column("top_k", "write a whole number of at least 1", _integer(1)),
        Column("placement_ids", _LIST, _is_list),
        Column("context_features", _LIST, _is_list),
    ),
    "strategy_segments": (_STRATEGY, Column("segment_id", "name a segment", required=True)),
    "strategy_offers": (_STRATEGY, _OFFER),
    "context_features": (
        Column("feature_name", _IS_NAME, lambda v: bool(_NAME.match(v)), required=True),
        Column("path", "write a dotted path", lambda v: bool(_PATH.match(v)), required=True),
        Column("value_type", "write category or number", lambda v: v in ("category", "number")),
    ),
    "eligibility_rules": (
        _OFFER,
        Column("segment_id", "name a segment", required=True),
        Column("rule", "write include or exclude", _one_of("include", "exclude"), required=True),
    ),
    "capping_rules": (
        _OFFER,
        Column(
            "capping_event",
            "write decision, impression, click or an event type such as commerce.purchases",
            _is_capping_event,
            required=True,
        ),
        Column("capping_type", "write total or profile", _one_of("total", "profile"), required=True),
        Column("capping_limit", "write a whole number of at least 1", _integer(1), required=True),
        Column(
            "period",
            "write day, week, month or lifetime",
            _one_of("day", "week", "month", "lifetime"),
        ),
        Column("period_count", "write a whole number of at least 1", _integer(1)),
        Column("placement_id"),
    ),
}


def check_configuration(settings: Settings) -> None:
    """Raise for the first wrong row of the configuration.

    Raises
    ------
    ConfigurationError
        A row, column or reference is wrong.
    InputError
        A file cannot be read.
    """
    rows = {name: checked_rows(name, _files(settings, name)) for name in FILES}
    features = _unique(rows["context_features"], "feature_name")
    strategies = _unique(rows["ranking_strategies"], "strategy_id") or {DEFAULT_STRATEGY}
    for row in rows["ranking_strategies"]:
        _check_strategy(row, features)
    for name in ("strategy_segments", "strategy_offers"):
        _check_references(rows[name], strategies)
    _check_count(
        rows["strategy_segments"], "strategy_id", MAX_SEGMENTS, "segments", "of a strategy"
    )
    _check_count(rows["capping_rules"], "offer_id", MAX_CAPPING_RULES, "rules", "of an offer")


def _files(settings: Settings, name: str) -> list[Path]:
    own = input_files(settings.raw, name) if settings.raw else []
    seed = settings.project_dir / "seeds" / f"{name}.csv"
    return own or ([seed] if name in SEEDS and seed.exists() else [])


def _check_strategy(row: Row, features: set[str]) -> None:
    if row.values.get("kpi_type") == "continuous" and not row.values.get("value_path"):
        raise row.error("value_path", "a continuous KPI needs one, e.g. commerce.order.priceTotal")
    for feature in filter(None, (row.values.get("context_features") or "").split("|")):
        if feature.strip() not in features:
            known = ", ".join(sorted(features)) or "none"
            raise row.error("context_features", f"{feature.strip()} is unknown; known: {known}")


def _unique(rows: list[Row], column: str) -> set[str]:
    first: dict[str, Row] = {}
    for row in rows:
        value = row.values[column]
        if value in first:
            raise row.error(column, f"line {first[value].line} has it already; keep one")
        first[value] = row
    return set(first)


def _check_references(rows: list[Row], strategies: set[str]) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        if row.values["strategy_id"] not in strategies:
            known = ", ".join(sorted(strategies))
            raise row.error("strategy_id", f"no strategy has that name; there are: {known}")
        key = tuple(row.values.values())
        if key in seen:
            raise row.error(list(row.values)[-1], f"line {seen[key]} says the same; keep one")
        seen[key] = row.line


def _check_count(rows: list[Row], column: str, limit: int, what: str, of: str) -> None:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.values[column]] += 1
        if counts[row.values[column]] > limit:
            raise row.error(column, f"this row is number {limit + 1} of the {what} {of}; at most {limit}")


def checked_rows(name: str, files: list[Path]) -> list[Row]:
    """Return the rows of a configuration table, each value trimmed and valid by itself."""
    columns = FILES[name]
    rows = []
    for file in files:
        for row in _read(file, columns):
            for column in columns:
                value = row.values.get(column.name, "")
                if (column.required and not value) or (value and not column.test(value)):
                    raise row.error(column.name, column.allowed)
            rows.append(row)
    return rows


def _read(file: Path, columns: tuple[Column, ...]) -> Iterator[Row]:
    kind = file_kind(file)
    if kind == ".csv":
        records = _csv_records(file, columns)
    elif kind == ".parquet":
        records = _parquet_records(file)
    else:
        records = _json_records(file)
    for line, record in records:
        _check_columns(file, list(record), columns)
        yield Row(file.name, line, {key: _text(value) for key, value in record.items()})


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _check_columns(file: Path, present: list[str], columns: tuple[Column, ...]) -> None:
    known = [column.name for column in columns]
    for column in present:
        if column not in known:
            raise ConfigurationError(
                f"{file.name}: column {column!r} is unknown; known: {', '.join(known)}"
            )
        if present.count(column) > 1:
            raise ConfigurationError(f"{file.name}: column {column!r} is there twice; keep one")
    for name in (column.name for column in columns if column.required):
        if name not in present:
            has = ", ".join(present)
            raise ConfigurationError(f"{file.name}: column {name!r} is missing; the file has: {has}")


def _csv_records(file: Path, columns: tuple[Column, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(_content(file), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header:
            raise ConfigurationError(f"{file.name} is empty; its first line names the columns")
        _check_columns(file, header, columns)
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                raise ConfigurationError(
                    f"{file.name} line {reader.line_num}: {len(fields)} fields,"
                    f" but the header names {len(header)} columns"
                )
            yield reader.line_num, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        raise ConfigurationError(f"{file.name} line {reader.line_num}: {error}") from None


def _json_records(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    content = _content(file)
    lines = [content] if content.lstrip().startswith("[") else content.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            parsed = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"{file.name} line {number} is no JSON: {error.msg}") from None
        for record in parsed if isinstance(parsed, list) else [parsed]:
            if not isinstance(record, dict):
                raise ConfigurationError(f"{file.name} line {number}: write one object a line")
            yield number, record


def _parquet_records(file: Path) -> Iterator[tuple[int, dict[str, object]]]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: no readable Parquet file: {str(error).splitlines()[0]}") from None
    yield from enumerate(table.to_pylist(), start=1)


def _content(file: Path) -> str:
    try:
        data = file.read_bytes()
        if file.name.lower().endswith(".gz"):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{file.name} line {line} is not UTF-8; save it as UTF-8") from None
