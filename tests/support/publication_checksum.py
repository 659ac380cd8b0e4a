"""A checksum of the content of a publication."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scorer.sql import literal, quote
from scorer.warehouse.database import connect_memory, tables_of
from scorer.warehouse.publications import PUBLICATION_TABLE


def content_checksum(published: Path) -> str:
    """Return a digest (64 hex digits) of the names, types and ordered rows of all tables.

    Compare this instead of bytes: every DuckDB file has a random id. The table `publication`,
    which describes the origin of the content, is left out.
    """
    digest = hashlib.sha256()
    connection = connect_memory()
    try:
        connection.execute(f"attach {literal(published)} as source (read_only)")
        for table in tables_of(connection, "source", "main"):
            if table == PUBLICATION_TABLE:
                continue
            source = f"source.main.{quote(table)}"
            columns = connection.execute(f"describe {source}").fetchall()
            rows = connection.execute(
                "select count(*), bit_xor(md5_number(rowid::varchar || to_json(t)::varchar))"
                f" from {source} as t"
            ).fetchone()
            digest.update(repr((table, [column[:2] for column in columns], rows)).encode())
    finally:
        connection.close()
    return digest.hexdigest()
