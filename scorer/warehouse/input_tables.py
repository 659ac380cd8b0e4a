"""Reads configuration inputs that are tables of a database instead of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scorer.config import Settings
from scorer.errors import InputError
from scorer.sql import first_line, literal, quote
from scorer.warehouse.database import DatabaseError, connect_memory


def read_input_tables(settings: Settings, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return {input: rows} for those of the inputs that are tables.

    Raises
    ------
    InputError
        A database or table does not exist or cannot be read, whatever its input.
    """
    for name in settings.inputs:
        _rows(settings, name, limit=0)
    return {name: _rows(settings, name) for name in names if name in settings.inputs}


def _rows(settings: Settings, name: str, limit: int | None = None) -> list[dict[str, Any]]:
    stated = settings.inputs[name]
    database, _, table = stated.rpartition(":")
    file = Path(database) if database else settings.build_path
    if not file.exists():
        raise InputError(f"[inputs] {name}: {file} does not exist")
    relation = ".".join(quote(part.strip('"')) for part in table.split("."))
    connection = connect_memory()
    try:
        connection.execute(f"attach {literal(file)} as input (read_only); use input")
        result = connection.execute(f"from {relation} limit {'all' if limit is None else limit}")
        columns = [column[0] for column in result.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
    except DatabaseError as error:
        raise InputError(f"[inputs] {name}: {stated} cannot be read: {first_line(error)}") from None
    finally:
        connection.close()
