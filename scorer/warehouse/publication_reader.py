"""Reads the current publication, and follows when a newer one replaces it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from scorer.errors import ConfigurationError, InputError
from scorer.sql import literal
from scorer.warehouse.database import connect_memory, named_damage, tables_of

PUBLISHED_CATALOG = "published"
_ATTACH_ATTEMPTS = 5
# PIVOT consists of several statements. COPY could write to the folder of temporary files.
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?", re.IGNORECASE)


class PublicationReader:
    """Reads the current publication; follows the link to a newer one.

    The file is attached to a database in memory: a connection opened by path would keep showing the
    file that it opened first. A query can read only the publication: files, extensions and settings
    are out of reach.

    Parameters
    ----------
    published_path : Path
        The link `published.duckdb`, or a publication itself.
    """

    def __init__(self, published_path: Path) -> None:
        self._link = published_path
        self._connection = connect_memory()
        self._attached: tuple[str, int, int] | None = None

    def __enter__(self) -> PublicationReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def interrupt(self) -> None:
        """Cancel the query that another thread runs."""
        self._connection.interrupt()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Return the rows of a query on the current publication.

        Raises
        ------
        ConfigurationError
            The text is empty, or a statement without a result.
        InputError
            Nothing is published yet, or the file is damaged.
        """
        with named_damage(self.path()):
            return self._relation(sql, parameters).to_arrow_table()

    def stream(self, sql: str, batch_rows: int = 10_000) -> pa.RecordBatchReader:
        """Return the rows of a query in batches, while the query runs; raises as :meth:`query`."""
        with named_damage(self.path()):
            return self._relation(sql).to_arrow_reader(batch_rows)

    def _relation(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyRelation:
        self._attach_current()
        statements = self._connection.extract_statements(sql)
        if len(statements) > 1:
            raise ConfigurationError("the query has several statements: write one SELECT")
        if statements and statements[0].type == duckdb.StatementType.EXPLAIN:
            statements = self._connection.extract_statements(_EXPLAIN.sub("", sql, count=1))
        if not statements or statements[0].type not in _READING:
            raise ConfigurationError(
                "the query has no result: write a SELECT; published tables are read-only"
            )
        return self._connection.sql(sql, params=list(parameters))

    def path(self) -> Path:
        """Return the file of the current publication."""
        return Path(self._current()[0])

    def tables(self) -> list[str]:
        """Return the names of the published tables, sorted."""
        with named_damage(self.path()):
            self._attach_current()
            return tables_of(self._connection, PUBLISHED_CATALOG, "main")

    def _current(self) -> tuple[str, int, int]:
        try:
            real = os.path.realpath(self._link, strict=True)
            stat = os.stat(real)
        except OSError:
            raise InputError(
                f"nothing is published in {self._link.parent}: run `nextoffer run` first"
            ) from None
        return real, stat.st_ino, stat.st_mtime_ns

    def _attach_current(self) -> None:
        for attempt in range(_ATTACH_ATTEMPTS):
            current = self._current()
            if current == self._attached:
                return
            try:
                self._attach(current)
            except duckdb.IOException:
                if attempt + 1 == _ATTACH_ATTEMPTS:
                    raise

    def _attach(self, current: tuple[str, int, int]) -> None:
        self._connection.close()
        self._connection, self._attached = connect_memory(), None
        self._connection.execute(
            f"attach {literal(current[0])} as {PUBLISHED_CATALOG} (read_only);"
            f" use {PUBLISHED_CATALOG};"
            " set enable_external_access = false; set lock_configuration = true"
        )
        self._attached = current
