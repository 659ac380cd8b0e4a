"""Publishing: every cycle writes a new file, then atomically moves a link to it.

An open DuckDB file cannot be written by another process. So readers never open the build file, and
nothing writes to a published file.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError
from scorer.files import (
    STAMP,
    is_written_before,
    remove_leftovers,
    replace_file,
    replacing,
    sync,
)
from scorer.interruption import stop_if_interrupted
from scorer.sql import literal, quote
from scorer.warehouse.build_state import PUBLICATION_NAME
from scorer.warehouse.database import Connection, connect_build, connect_memory, tables_of

# Table -> the columns that order its rows; () = all columns. The order makes files comparable, and
# lets a query for one profile skip most of `ranked_offers`.
PUBLISHED_TABLES: dict[str, tuple[str, ...]] = {
    "ranked_offers": ("strategy_id", "cycle_date", "profile_id", "placement_id", "rank"),
    "ranking_candidates": (),
    "model_versions": (),
    "training_runs": (),
    "ineligible_offers": (),
    "offer_readiness": (),
    "arm_performance": (),
    "guardrail_performance": (),
    "traffic_allocation": (),
    "strategy_timeline": (),
    "group_performance": (),
    "reach": (),
    "daily_outcomes": (),
    "offer_performance": (),
    "offer_feature_interactions": (),
    "policy_evaluation": (),
    "model_performance": (),
    "model_performance_weekly": (),
    "model_calibration": (),
    "feature_importance": (),
    "offer_similarity": (),
    "traffic_composition_drift": (),
    "traffic_composition": (),
    "feature_quarters": (),
    "data_quality": (),
    "offer_performance_shift": (),
    "health_findings": (),
    "rejected_events": (),
    "input_files": (),
    "input_findings": (),
    "dim_offers": (),
    "dim_ranking_strategies": (),
    "strategy_features": (),
}
PUBLICATION_TABLE = "publication"
_PUBLICATION = (
    "One row per publication, and one publication per file, with the origin of the content."
)
_PUBLICATION_COLUMNS = {
    "as_of": "as_of of the cycle, UTC.",
    "nextoffer_version": "Version of nextoffer that wrote the file.",
    "seed": "Seed of the cycle.",
    "kpi": "KPI of the default strategy, clicked or value.",
    "inputs_checksum": "Digest of the input files.",
}
KEPT_PUBLICATIONS = 12
# Permissions of a published file, which keep connections that may write from opening it.
READ_ONLY = 0o444
# Marks a folder of exported tables as complete and of one publication.
SUCCESS_FILE = "_SUCCESS"
_SCHEMAS = ("main", "scorer")


def publish(settings: Settings, inputs_checksum: str) -> Path:
    """Write the build's tables to a new file and make it current if its `as_of` is the newest.

    Returns
    -------
    Path
        The published file, whether or not it became the current one.

    Raises
    ------
    InputError
        The build lacks a table that every publication needs.
    """
    folder = settings.published_dir
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    target = folder / f"nextoffer-{settings.as_of.strftime(STAMP)}.duckdb"
    with (
        replacing(target, READ_ONLY) as temporary,
        connect_build(settings.build_path) as connection,
    ):
        sources = find_sources(connection)
        # The oldest format that can store all types: DuckDB 1.2 and newer read it.
        connection.execute(f"attach {literal(temporary)} as target (storage_version 'v1.2.0')")
        for table, (schema, order) in sources.items():
            _copy(connection, table, schema, order)
        # One transaction for hundreds of comments: DuckDB syncs the file at the end of each.
        connection.execute("begin")
        _copy_comments(connection)
        _describe(connection, settings, inputs_checksum)
        connection.execute("commit; checkpoint target; detach target")
    make_newest_current(settings)
    _remove_old(settings, target)
    return target


def find_sources(connection: Connection) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the schema and the order of rows of every table to publish, by name.

    Raises
    ------
    InputError
        A table is missing.
    """
    catalog = _catalog(connection)
    present = {schema: set(tables_of(connection, catalog, schema)) for schema in _SCHEMAS}
    sources = {}
    for table, order in PUBLISHED_TABLES.items():
        schema = next((name for name in _SCHEMAS if table in present[name]), None)
        if schema is None:
            raise InputError(f"the build file has no table {table}: run `nextoffer run` first")
        sources[table] = (schema, order)
    return sources


def _catalog(connection: Connection) -> str:
    row = connection.execute("select current_database()").fetchone()
    assert row is not None
    return str(row[0])


def _copy(connection: Connection, table: str, schema: str, order: tuple[str, ...]) -> None:
    by = ", ".join(quote(column) for column in order) or "all"
    connection.execute(
        f"create table target.main.{quote(table)} as"
        f" select * from {quote(schema)}.{quote(table)} order by {by}"
    )


def _copy_comments(connection: Connection) -> None:
    """Copy the comments of the tables of the build and of their columns."""
    described = connection.execute(
        "select table_name, null as column_name, comment from duckdb_tables()"
        " where database_name = current_database() and comment is not null"
        " union all select view_name, null, comment from duckdb_views()"
        " where database_name = current_database() and comment is not null"
        " union all select table_name, column_name, comment from duckdb_columns()"
        " where database_name = current_database() and comment is not null"
    ).fetchall()
    for table, column, comment in described:
        if table in PUBLISHED_TABLES:
            _comment(connection, table, column, comment)


def _describe(connection: Connection, settings: Settings, inputs_checksum: str) -> None:
    connection.execute(
        f"create table target.main.{PUBLICATION_TABLE} as select"
        " ?::timestamp as as_of, ?::varchar as nextoffer_version, ?::bigint as seed,"
        " ?::varchar as kpi, ?::varchar as inputs_checksum",
        [settings.as_of, version("nextoffer"), settings.seed, settings.kpi, inputs_checksum],
    )
    _comment(connection, PUBLICATION_TABLE, None, _PUBLICATION)
    for column, text in _PUBLICATION_COLUMNS.items():
        _comment(connection, PUBLICATION_TABLE, column, text)


def _comment(connection: Connection, table: str, column: str | None, text: str) -> None:
    kind, name = "table", f"target.main.{quote(table)}"
    if column is not None:
        kind, name = "column", f"{name}.{quote(column)}"
    connection.execute(f"comment on {kind} {name} is {literal(text)}")


def export_parquet(published: Path, folder: Path) -> list[Path]:
    """Write every table of a published file as `<table>.parquet`; return the files.

    They are written to a folder beside the earlier ones and then moved. Meanwhile SUCCESS_FILE,
    which names the publication, is absent. Other files of the folder are left alone.

    Raises
    ------
    ConfigurationError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as temporary:
            written = _write_parquet(published, Path(temporary))
            (folder / SUCCESS_FILE).unlink(missing_ok=True)
            files = [folder / file.name for file in written]
            for source, target in zip(written, files, strict=True):
                sync(source)
                stop_if_interrupted()
                os.replace(source, target)
        replace_file(folder / SUCCESS_FILE, f"{published.name}\n".encode())
    except OSError as error:
        raise ConfigurationError(
            f"--parquet: {folder} cannot be written ({error.strerror or error});"
            " name another folder"
        ) from None
    return files


def _write_parquet(published: Path, folder: Path) -> list[Path]:
    connection = connect_memory()
    try:
        connection.execute(f"attach {literal(published)} as source (read_only)")
        files = []
        for table in tables_of(connection, "source", "main"):
            files.append(folder / f"{table}.parquet")
            connection.execute(
                f"copy (select * from source.main.{quote(table)})"
                f" to {literal(files[-1])} (format parquet)"
            )
    finally:
        connection.close()
    return files


def publications(folder: Path) -> list[tuple[datetime, Path]]:
    """Return the `as_of` and the file of every publication, oldest first."""
    found = []
    for path in folder.glob("nextoffer-*.duckdb"):
        match = PUBLICATION_NAME.fullmatch(path.name)
        with suppress(ValueError):
            if match and path.is_file():
                found.append((datetime.strptime(match[1], STAMP), path))
    return sorted(found)


def make_newest_current(settings: Settings) -> None:
    """Point the link `published.duckdb` at the newest publication that is not from the future.

    If all are from the future, use the newest of them.
    """
    found = publications(settings.published_dir)
    found = [entry for entry in found if not _is_from_future(settings, *entry)] or found
    if not found:
        return
    target = Path(settings.published_dir.name) / found[-1][1].name
    link = settings.published_path
    if link.is_symlink() and os.readlink(link) == str(target):
        return
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    stop_if_interrupted()
    os.replace(temporary, link)
    sync(settings.home)


def _is_from_future(settings: Settings, as_of: datetime, path: Path) -> bool:
    """Return whether a publication is of a later time than now, or than it was written."""
    return as_of > settings.now or (settings.has_clock and is_written_before(path, as_of))


def _remove_old(settings: Settings, just_written: Path) -> None:
    for _, path in publications(settings.published_dir)[:-KEPT_PUBLICATIONS]:
        if path != just_written:
            path.unlink(missing_ok=True)
