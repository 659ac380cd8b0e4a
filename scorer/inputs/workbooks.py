"""Excel workbooks as records: the rows of one sheet below its header, with their row numbers."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from scorer.errors import ConfigurationError
from scorer.inputs.column_names import plain_name
from scorer.inputs.file_forms import DAMAGED, UnreadableError

# Maximum unpacked size; a larger workbook would not fit into memory.
MAX_WORKBOOK_BYTES = 1 << 30
_HEADER_WITHIN = 20
_CONVERTED = ", or save the sheet as CSV UTF-8"


def write_sheet(file: Path, input_name: str, target: Path) -> list[str]:
    """Write the rows of a sheet as JSON records, row n as line n; return the sheets left out.

    Reads the sheet with the name of the input, else the first sheet with content. Its header
    is the first row with two or more values, or the first row of a single column.

    Raises
    ------
    ConfigurationError
        openpyxl is not installed.
    UnreadableError
        The workbook is damaged, too large, empty, or without an unambiguous header; or a formula
        has no stored value.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise ConfigurationError(
            f"{file} is an Excel workbook: install openpyxl (pip install 'nextoffer[excel]'),"
            " or save the sheet as CSV UTF-8"
        ) from None
    try:
        _check_size(file)
        has_formulas = _has_formulas(file)
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            name, others = _chosen(book, input_name)
            lines = list(_lines(list(_values(book[name]))))
        finally:
            book.close()
        if has_formulas:
            _check_formulas(file, name)
    except UnreadableError:
        raise
    except (*DAMAGED, KeyError, TypeError, AttributeError, IndexError, SyntaxError):
        raise UnreadableError(f"is a damaged Excel workbook; save it again{_CONVERTED}") from None
    target.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return others


def _check_size(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_WORKBOOK_BYTES:
        raise UnreadableError(f"is a workbook of {size >> 20} MB unpacked, too large{_CONVERTED}")


def _has_formulas(file: Path) -> bool:
    with zipfile.ZipFile(file) as archive:
        for member in archive.namelist():
            if member.startswith("xl/worksheets/"):
                with archive.open(member) as handle:
                    while chunk := handle.read(1 << 20):
                        if re.search(rb"<(\w+:)?f[ >/]", chunk):
                            return True
    return False


def _check_formulas(file: Path, name: str) -> None:
    """Raise if a formula of a sheet has no stored value, because its value is unknown."""
    from openpyxl import load_workbook

    books = [load_workbook(file, read_only=True, data_only=only) for only in (False, True)]
    try:
        for cells in zip(*(book[name].iter_rows() for book in books), strict=False):
            for written, computed in zip(*cells, strict=False):
                if written.data_type == "f" and computed.value is None:
                    raise UnreadableError(
                        f"has a formula without a stored value in cell {written.coordinate};"
                        f" open and save the workbook in Excel{_CONVERTED}"
                    )
    finally:
        for book in books:
            book.close()


def _chosen(book: Any, input_name: str) -> tuple[str, list[str]]:
    """Return the name of the sheet to read, and the names of other sheets with content."""
    sheets = [sheet.title for sheet in book.worksheets if _holds_anything(sheet)]
    if not sheets:
        raise UnreadableError(f"is a workbook without a filled sheet{_CONVERTED}")
    wanted = plain_name(input_name).rstrip("s")
    named = [name for name in sheets if plain_name(name).rstrip("s") == wanted]
    chosen = (named or sheets)[0]
    return chosen, [name for name in sheets if name != chosen]


def _holds_anything(sheet: Any) -> bool:
    rows = sheet.iter_rows(values_only=True)
    return any(value is not None for row in islice(rows, _HEADER_WITHIN) for value in row)


def _values(sheet: Any) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    for row in sheet.iter_rows(values_only=True):
        yield [_text(value) for value in row]


def _lines(rows: list[list[str]]) -> Iterator[str]:
    """Yield the records as JSON, and an empty line for each row without a record."""
    filled = [sum(map(bool, row)) for row in rows]
    candidates = [n for n, count in enumerate(filled[:_HEADER_WITHIN]) if count > 1]
    if not candidates:
        candidates = [n for n, count in enumerate(filled) if count]
    if not candidates:
        raise UnreadableError(f"is a workbook without a header{_CONVERTED}")
    place = candidates[0]
    header = [name.strip() for name in rows[place]]
    names = [name.lower() for name in header if name]
    for name in names:
        if names.count(name) > 1:
            raise UnreadableError(f"names column {name} twice in row {place + 1}; keep one")
    yield from [""] * (place + 1)
    for number, row in enumerate(rows[place + 1 :], start=place + 2):
        cells = row[: len(header)]
        if any(row[len(header) :]) or any(
            cell for name, cell in zip(header, cells, strict=False) if not name
        ):
            raise UnreadableError(
                f"has a value in row {number} in a column without a name; name it"
            )
        record = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
        yield json.dumps(record, ensure_ascii=False) if record else ""


def _text(value: object) -> str:
    """Return a cell as text: ISO dates, whole numbers without decimals."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return str(value).strip()
