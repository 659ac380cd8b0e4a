"""Prints the first rows of a query, or streams all rows to a file."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from scorer.cli.output import print_rows
from scorer.errors import ConfigurationError
from scorer.files import replacing
from scorer.spreadsheets import escaped_array, escaped_name

_MOST_SHEET_ROWS = 1_048_575
# Written as text, because a spreadsheet would run `=…` as a formula.
_SHEET_OPTIONS = {
    "constant_memory": True,
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": True,
}


def print_table(rows: pa.RecordBatchReader, limit: int) -> None:
    """Print the first rows as a table, and the number of all rows; a limit of 0 prints all."""
    shown, total = _first(rows, limit)
    print_rows(shown, as_json=False, if_none="no rows")
    if total > len(shown):
        click.echo(f"{len(shown)} of {total:,} rows; --limit 0 prints all of them", err=True)
    elif total:
        click.echo(f"{total:,} row{'s' if total != 1 else ''}", err=True)


def print_json_rows(rows: pa.RecordBatchReader, limit: int) -> None:
    """Print a JSON array with one object per row."""
    click.echo("[")
    for number, row in enumerate(_limited(_rows(rows), limit)):
        text = json.dumps(_for_json(row), default=str, ensure_ascii=False)
        click.echo(f"{',' if number else ' '} {text}")
    click.echo("]")


def _for_json(value: Any) -> Any:
    """Return a value for JSON: decimals as numbers, NaN and infinity as null."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _for_json(inner) for key, inner in value.items()}
    return [_for_json(inner) for inner in value] if isinstance(value, list) else value


def print_csv(rows: pa.RecordBatchReader, limit: int) -> None:
    """Print CSV with a header; maps, lists and structs as JSON, formulas as text."""
    with arrow_csv.CSVWriter(sys.stdout.buffer, _flat_schema(rows.schema)) as writer:
        for batch in _limited_batches(rows, limit):
            writer.write_batch(_flat(batch))


def write_parquet(rows: pa.RecordBatchReader, file: Path) -> int:
    """Write a Parquet file; return the number of rows."""
    count = 0
    with replacing(file) as temporary, parquet.ParquetWriter(temporary, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def write_xlsx(rows: pa.RecordBatchReader, file: Path) -> int:
    """Write an Excel file of one sheet; return the number of rows.

    Raises
    ------
    ConfigurationError
        The library is not installed, or there are more rows than a sheet holds.
    """
    count = 0
    with _sheet(file) as write_row:
        write_row(rows.schema.names)
        for row in _rows(rows):
            count += 1
            if count > _MOST_SHEET_ROWS:
                raise ConfigurationError(
                    f"an Excel sheet holds {_MOST_SHEET_ROWS:,} rows: write --csv or --parquet"
                )
            write_row(map(_cell, row.values()))
    return count


@contextmanager
def _sheet(file: Path) -> Iterator[Callable[[Iterable[Any]], None]]:
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise ConfigurationError(
            "--xlsx needs the library xlsxwriter: pip install 'nextoffer[excel]'"
        ) from None
    with replacing(file) as temporary, Workbook(temporary, _SHEET_OPTIONS) as book:
        sheet, place = book.add_worksheet(), iter(range(_MOST_SHEET_ROWS + 2))
        yield lambda values: sheet.write_row(next(place), 0, list(values))


def _cell(value: Any) -> Any:
    """Return the value of a cell; maps, lists and structs as JSON."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return value


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist(maps_as_pydicts="lossy")


def _first(batches: pa.RecordBatchReader, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return the first rows and the number of all rows."""
    shown: list[dict[str, Any]] = []
    total = 0
    for batch in batches:
        total += batch.num_rows
        room = batch.num_rows if limit == 0 else max(0, limit - len(shown))
        shown.extend(_rows([batch.slice(0, room)]))
    return shown, total


def _limited(rows: Iterator[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, start=1):
        yield row
        if number == limit:
            return


def _limited_batches(batches: pa.RecordBatchReader, limit: int) -> Iterator[pa.RecordBatch]:
    left = limit
    for batch in batches:
        part = batch if limit == 0 else batch.slice(0, left)
        yield part
        left -= part.num_rows
        if limit and left <= 0:
            return


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch for CSV: nested values as JSON, intervals as text, formulas escaped."""
    columns = [
        escaped_array(
            column if _is_plain(column.type) else pa.array(map(_text, _values(column)), pa.string())
        )
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=_flat_schema(batch.schema))


def _flat_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [
            pa.field(escaped_name(field.name), field.type if _is_plain(field.type) else pa.string())
            for field in schema
        ]
    )


def _is_plain(kind: pa.DataType) -> bool:
    return not (pa.types.is_nested(kind) or pa.types.is_interval(kind))


def _values(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
    return values


def _text(value: Any) -> str | None:
    if isinstance(value, dict | list):
        return json.dumps(_for_json(value), default=str, ensure_ascii=False)
    return None if value is None else str(value)
