"""Reads the rows of configuration files, with the line of each row for error messages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.errors import ConfigurationError, InputError
from scorer.files import NOT_JSON
from scorer.inputs.column_names import likely_column, matched_columns
from scorer.inputs.csv_text import csv_delimiter, decoded, separator_line
from scorer.inputs.file_forms import DAMAGED, compression_of, file_kind, opened

# Configuration files are checked in memory, one at a time.
MAX_BYTES = 256 << 20
# What the engine trims. It keeps tabs and line breaks, so that a value with one is refused.
_SPACES = " \u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
Records = Iterator[tuple[int, Mapping[str, Any]]]


@dataclass(frozen=True)
class Row:
    """One row of a configuration file."""

    file: str
    line: int
    values: dict[str, str]

    def error(self, column: str, allowed: str) -> ConfigurationError:
        """Return an error that names file, line, column, the value, and what is allowed."""
        value = self.values.get(column, "")
        shown = f"{value!r} is not allowed" if value else "is empty"
        place = f"{self.file} line {self.line}, column {column}"
        return ConfigurationError(f"{place}: {shown}; {allowed}")


def read_rows(
    file: Path, source: str, known: Sequence[str], required: Sequence[str]
) -> Iterator[Row]:
    """Yield the rows of a CSV, Parquet or JSON file; columns are checked, values trimmed.

    `source` is the name of the file in errors; `file` may be a copy.

    Raises
    ------
    ConfigurationError
        A column is unknown, repeated or missing, or a row is malformed.
    InputError
        The file cannot be read.
    """
    kind = file_kind(file)
    if kind in (".csv", ".tsv"):
        records = _csv_records(file, source, known, required)
    elif kind == ".parquet":
        records = _parquet_records(file)
    else:
        records = _json_records(file, source)
    yield from rows_of(source, records, known, required)


def rows_of(
    source: str, records: Records, known: Sequence[str], required: Sequence[str]
) -> Iterator[Row]:
    """Yield the rows of records with their lines; columns are checked, values trimmed.

    Raises
    ------
    ConfigurationError
        A column is unknown, repeated or missing.
    """
    for line, record in records:
        columns = _columns(source, list(record), known, required)
        yield Row(source, line, {columns[name]: _text(value) for name, value in record.items()})


def _text(value: object) -> str:
    """Return a value as the engine reads it: trimmed, a whole number without decimals."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None or value != value else str(value).strip(_SPACES)


def _columns(
    source: str, present: list[str], known: Sequence[str], required: Sequence[str]
) -> dict[str, str]:
    """Return {name in the file: known column}; raise if one is unknown, repeated or missing.

    An unknown column of a file that restricts offers may be the restriction itself.
    """
    matched = matched_columns(source, present, known)
    for column in present:
        if column not in matched:
            likely = likely_column(column, known)
            hint = f"did you mean {likely}? " if likely else ""
            raise ConfigurationError(
                f"{source}: column {column!r} is unknown; {hint}known: {', '.join(known)}"
            )
        if present.count(column) > 1:
            raise ConfigurationError(f"{source}: column {column!r} appears twice; keep one")
    for name in required:
        if name not in matched.values():
            has = ", ".join(present)
            raise ConfigurationError(f"{source}: column {name!r} is missing; the file has: {has}")
    return matched


def _csv_records(file: Path, source: str, known: Sequence[str], required: Sequence[str]) -> Records:
    content = _content(file, source)
    skipped, delimiter = separator_line(content)
    text = io.StringIO(content, newline="")
    for _ in range(skipped):
        text.readline()
    reader = csv.reader(
        text, delimiter=delimiter or csv_delimiter(content), strict=True, skipinitialspace=True
    )
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header:
            raise ConfigurationError(f"{source} is empty; write the column names on its first line")
        _columns(source, header, known, required)
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                raise ConfigurationError(
                    f"{source} line {reader.line_num + skipped}: {len(fields)} fields,"
                    f" but the header names {len(header)} columns"
                )
            yield reader.line_num + skipped, dict(zip(header, fields, strict=True))
    except csv.Error as error:
        line = reader.line_num + skipped
        raise ConfigurationError(
            f"{source} line {line}: {error}; close the quotes, or write quotes in a cell twice"
        ) from None


def _json_records(file: Path, source: str) -> Records:
    content = _content(file, source)
    lines = [content] if content.lstrip().startswith("[") else content.split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            parsed = json.loads(
                line, object_pairs_hook=_distinct, parse_constant=_no_number, parse_float=str
            )
        except NOT_JSON as error:
            raise ConfigurationError(f"{source} line {number} is not JSON: {error}") from None
        for record in parsed if isinstance(parsed, list) else [parsed]:
            if not isinstance(record, dict):
                raise ConfigurationError(f"{source} line {number}: write one JSON object per line")
            yield number, record


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a field appears twice")
    return record


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parquet_records(file: Path) -> Records:
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file).read()
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{file} is not a readable Parquet file: {reason}") from None
    yield from enumerate(table.to_pylist(), start=1)


def _content(file: Path, source: str) -> str:
    try:
        with opened(file, compression_of(file) or "text") as handle:
            data = handle.read(MAX_BYTES + 1)
    except DAMAGED as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{file} has more than {MAX_BYTES >> 20} MB; split it into several files")
    return decoded(source, data)
