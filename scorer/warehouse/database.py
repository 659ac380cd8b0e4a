"""Opens DuckDB: the build file, and databases in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from scorer.errors import InputError, LockedError, NextofferError
from scorer.interruption import cancelled_on_signal
from scorer.sql import first_line

MORE_MEMORY = "raise NEXTOFFER_MEMORY, or free memory, and run the same command again"
_REFUSED = re.compile(r"Could not (write|read|sync|truncate)|No space left|Out of Memory", re.I)
_NOT_WRITTEN = re.compile(r"Could not (write|sync|truncate)|No space left", re.I)
_DAMAGE = (
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.IOException,
    duckdb.SerializationException,
)
Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error


@contextmanager
def connect_build(build_path: Path, read_only: bool = False) -> Iterator[Connection]:
    """Open the build file with time zone UTC; it is closed at the end of the block.

    A signal cancels its query, also one that streams.

    Raises
    ------
    InputError
        The file is damaged, written by another version of DuckDB, or missing (read only).
    LockedError
        Another process has the file open.
    """
    if read_only and not build_path.exists():
        raise InputError(f"{build_path} does not exist: run `nextoffer run` first")
    connection = _open(str(build_path), read_only)
    try:
        with cancelled_on_signal(connection.interrupt):
            yield connection
    except duckdb.OutOfMemoryException as error:
        raise NextofferError(f"{build_path}: {first_line(error)}; {MORE_MEMORY}") from None
    except duckdb.Error as error:
        if not is_machine_error(error):
            raise
        reason = f"the engine stopped: {first_line(error)}"
        raise NextofferError(f"{build_path}: {reason}; run the same command again") from None
    finally:
        connection.close()


@contextmanager
def connect_beside(connection: Connection) -> Iterator[Connection]:
    """Open another connection to the same database, for another thread; a signal cancels its
    query."""
    beside = _configured(connection.cursor())
    try:
        with cancelled_on_signal(beside.interrupt):
            yield beside
    finally:
        beside.close()


def connect_memory() -> Connection:
    """Open a database in memory, with time zone UTC."""
    return _open(":memory:", read_only=False)


_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@contextmanager
def limited_memory(connection: Connection) -> Iterator[None]:
    """Limit DuckDB to 256 MB per thread (at least 512 MB) in the block; it spills beyond that.

    Without the limit, DuckDB caches what it reads and writes until most of the memory of the
    machine is used. A smaller limit is kept, and so is one that DuckDB cannot reduce.
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
        raise explained(database, error) from None
    except duckdb.Error as error:
        raise InputError(f"{database} cannot be opened: {first_line(error)}") from None
    return _configured(connection)


def _configured(connection: Connection) -> Connection:
    connection.execute("set TimeZone = 'UTC'")
    # DuckDB would write its own progress bar over that of scorer.progress, even into files.
    connection.execute("set enable_progress_bar = false")
    return connection


def is_machine_error(error: Exception) -> bool:
    """Return True if the machine refused memory or a file, as on a full disk.

    A commit that cannot be written is a failed transaction to the engine, and every later
    statement a fatal error.
    """
    if isinstance(error, OSError | MemoryError | duckdb.IOException | duckdb.OutOfMemoryException):
        return True
    return isinstance(error, duckdb.Error) and _REFUSED.search(str(error)) is not None


def explained(database: str, error: duckdb.Error) -> InputError | LockedError:
    """Return the error to raise for a database that cannot be opened."""
    if _is_locked(error):
        return LockedError(f"{database} is open in another process: {first_line(error)}")
    return InputError(f"{database} is not a readable DuckDB file: {first_line(error)}")


def _is_locked(error: duckdb.Error) -> bool:
    # As a word: messages about damage name a block.
    return re.search(r"\block\b", str(error), re.I) is not None


@contextmanager
def named_damage(publication: Path) -> Iterator[None]:
    """Raise an error that names the publication if the engine cannot read it in the block.

    Raises
    ------
    InputError
        The file is damaged.
    LockedError
        Another process has the file open for writing.
    """
    try:
        yield
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        if _is_locked(error):
            raise explained(str(publication), error) from None
        raise damaged(publication, error) from None


def damaged(publication: Path, error: Exception) -> InputError:
    """Return the error to raise for a publication that the engine cannot read."""
    return InputError(
        f"{publication} cannot be read: {first_line(error)}; delete the file and run"
        " `nextoffer run` with the --as-of of its cycle, which writes it again"
    )


def is_damage(error: Exception) -> bool:
    """Return True if an error while reading tells that the file is damaged, not the query."""
    if isinstance(error, duckdb.OutOfMemoryException) or _NOT_WRITTEN.search(str(error)):
        return False
    return isinstance(error, _DAMAGE) or "Corrupt" in str(error)


def tables_of(connection: Connection, catalog: str, schema: str) -> list[str]:
    """Return the names of the tables and views of a schema, sorted."""
    rows = connection.execute(
        "select table_name from information_schema.tables"
        " where table_catalog = ? and table_schema = ? order by 1",
        [catalog, schema],
    ).fetchall()
    return [name for (name,) in rows]
