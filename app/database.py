"""Reads the current publication, never the build file.

A publication is attached read-only to a database in memory, so it blocks no writer. The publication
is part of every cache key, so a new publication shows at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

_KEPT_PUBLICATIONS = 2
_KEPT_RESULTS = 500


class OutdatedPublicationError(Exception):
    """The publication lacks a table or column: another version of nextoffer wrote it."""


class UnreadablePublicationError(Exception):
    """The file cannot be read; the message names it, the reason and the remedy."""

    def __init__(self, path: str, reason: object) -> None:
        """Name the file and the reason, an error or words, of which the first line counts."""
        first = str(reason).partition("\n")[0].rstrip(".!")
        self.what = f"{path} cannot be read: {first}"
        self.remedy = (
            "free some memory, then reload the page"
            if isinstance(reason, duckdb.OutOfMemoryException)
            else "let the user of the app read it"
            if "Permission denied" in first
            else "delete the file and run `nextoffer run` with the --as-of of its cycle, which"
            " writes it again"
        )
        super().__init__(f"{self.what}; {self.remedy}")


@dataclass(frozen=True)
class Publication:
    """One published file, identified by path, inode and modification time."""

    path: str
    inode: int
    changed_ns: int

    def frame(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Return the rows of a query; `$name` in it stands for a parameter.

        Raises
        ------
        OutdatedPublicationError
            A table or column is missing.
        UnreadablePublicationError
            The file is no database, or damaged; or the machine refuses to read it.
        """
        try:
            return _frame(self, sql, parameters)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise OutdatedPublicationError(str(error).splitlines()[0]) from error
        except (duckdb.Error, UnicodeError) as error:
            raise UnreadablePublicationError(self.path, error) from error


def home_folder() -> Path:
    """Return the home folder that `nextoffer app` was given, as an absolute path."""
    return Path(os.environ.get("NEXTOFFER_HOME") or ".nextoffer").absolute()


def find_publication(home: Path) -> Publication | None:
    """Return the publication that a home folder points to now, or None before the first."""
    try:
        path = os.path.realpath(home / "published.duckdb", strict=True)
        found = os.stat(path)
    except OSError:
        return None
    return Publication(path, found.st_ino, found.st_mtime_ns)


@st.cache_data(max_entries=_KEPT_RESULTS, show_spinner=False)
def _frame(publication: Publication, sql: str, parameters: dict[str, Any]) -> pd.DataFrame:
    with _connection(publication).cursor() as cursor:
        cursor.execute("use published; set TimeZone = 'UTC'")
        return cursor.execute(sql, parameters).df()


@st.cache_resource(max_entries=_KEPT_PUBLICATIONS, show_spinner=False)
def _connection(publication: Publication) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    quoted = publication.path.replace("'", "''")
    connection.execute(
        f"attach '{quoted}' as published (read_only); set enable_external_access = false"
    )
    return connection
