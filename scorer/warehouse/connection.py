"""The only place that opens DuckDB: the build file, and readers of the published one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from scorer.errors import ConfigurationError, InputError, LockedError
from scorer.sql import first_line, literal

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error
PUBLISHED_CATALOG = "published"
_ATTACH_ATTEMPTS = 5
_RESULT = duckdb.ExpectedResultType.QUERY_RESULT


@contextmanager
def connect_build(build_path: Path, read_only: bool = False) -> Iterator[Connection]:
    """Open the build file, in UTC; closed at the end of the block.

    Raises
    ------
    InputError
        The file is damaged or of another DuckDB version, or does not exist (read only).
    LockedError
        Another process has the file open.
    """
    if read_only and not build_path.exists():
        raise InputError(f"{build_path} does not exist: run `nextoffer run` first")
    connection = _open(str(build_path), read_only)
    try:
        yield connection
    finally:
        connection.close()


def connect_memory() -> Connection:
    """Open a database that lives in memory, in UTC."""
    return _open(":memory:", read_only=False)


_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@contextmanager
def limited_memory(connection: Connection) -> Iterator[None]:
    """Let DuckDB hold at most 256 MB a thread (at least 512 MB); it spills beyond that.

    Without it, DuckDB keeps whatever it read and wrote until most of the machine's memory is
    used. A smaller limit stays; so does a database that cannot be made to fit.
    """
    before, threads = connection.execute(
        "select current_setting('memory_limit'), current_setting('threads')"
    ).fetchall()[0]
    megabytes = max(512, 256 * int(threads))
    number, unit = before.split()
    if float(number) * _UNITS.get(unit, 1) > megabytes * 2**20:
        with suppress(duckdb.OutOfMemoryException):
            connection.execute(f"set memory_limit = '{megabytes}MiB'")
    try:
        yield
    finally:
        connection.execute(f"set memory_limit = '{before}'")


def _open(database: str, read_only: bool) -> Connection:
    try:
        connection = duckdb.connect(database, read_only=read_only)
    except duckdb.IOException as error:
        raise _explained(database, error) from None
    except duckdb.Error as error:
        raise InputError(f"{database} cannot be opened: {first_line(error)}") from None
    connection.execute("set TimeZone = 'UTC'")
    # DuckDB would draw its own bar, also into files, over the one of scorer.progress.
    connection.execute("set enable_progress_bar = false")
    return connection


def _explained(database: str, error: duckdb.Error) -> InputError | LockedError:
    if "lock" in str(error).lower():
        return LockedError(f"{database} is open in another process: {first_line(error)}")
    return InputError(f"{database} is no readable DuckDB file: {first_line(error)}")


def tables_of(connection: Connection, catalog: str, schema: str) -> list[str]:
    """Return the names of the tables and views of a schema, sorted."""
    rows = connection.execute(
        "select table_name from information_schema.tables"
        " where table_catalog = ? and table_schema = ? order by 1",
        [catalog, schema],
    ).fetchall()
    return [name for (name,) in rows]


class Reader:
    """Reads the current publication; follows the link when a newer one is published.

    The file is attached to a database in memory: a connection opened by path would go on showing
    the file it saw first, and would block nobody but also see nothing new.

    Parameters
    ----------
    published_path : Path
        The link `published.duckdb`, or a publication itself.
    """

    def __init__(self, published_path: Path) -> None:
        self._link = published_path
        self._connection = connect_memory()
        self._attached: tuple[str, int, int] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Return the rows of a query on the current publication.

        Raises
        ------
        ConfigurationError
            It is no query: empty, or a statement without a result.
        InputError
            Nothing is published yet, or the file is damaged.
        """
        self._attach_current()
        statements = self._connection.extract_statements(sql)
        if not statements or _RESULT not in statements[-1].expected_result_type:
            raise ConfigurationError("the query has no result: write a SELECT")
        return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def path(self) -> Path:
        """Return the file of the current publication."""
        return Path(self._current()[0])

    def tables(self) -> list[str]:
        """Return the names of the published tables."""
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
            except duckdb.IOException as error:
                if attempt + 1 == _ATTACH_ATTEMPTS:
                    raise _explained(current[0], error) from None

    def _attach(self, current: tuple[str, int, int]) -> None:
        if self._attached is not None:
            self._connection.execute(f"use memory; detach {PUBLISHED_CATALOG}")
            self._attached = None
        self._connection.execute(
            f"attach {literal(current[0])} as {PUBLISHED_CATALOG} (read_only);"
            f" use {PUBLISHED_CATALOG}"
        )
        self._attached = current
