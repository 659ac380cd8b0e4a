"""The published file opens in other tools: older engines read it, and it describes itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scorer.config import Settings
from scorer.warehouse.publications import PUBLICATION_TABLE, PUBLISHED_TABLES, publish

OLDEST_DUCKDB = "1.2.2"
READ_EVERYTHING = """
import json, sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.execute("select table_name from duckdb_tables()").fetchall()
rows = {name: len(connection.execute(f'from "{name}"').fetchall()) for (name,) in tables}
print(json.dumps(rows))
"""


@pytest.fixture(scope="module")
def published(small_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the small build; return the file."""
    home = tmp_path_factory.mktemp("published") / "home"
    home.mkdir()
    settings = Settings(home=home, as_of=datetime(2026, 1, 31))
    shutil.copy(small_build / "build.duckdb", settings.build_path)
    return publish(settings, "")


def test_tables_and_columns_carry_their_descriptions(
    published: Path, manifest: dict[str, Any]
) -> None:
    """Comments of the published tables are the descriptions of the marts with the same names."""
    marts = {node["name"]: node for node in manifest["nodes"].values()}
    with duckdb.connect(str(published), read_only=True) as connection:
        tables = dict(
            connection.execute("select table_name, comment from duckdb_tables()").fetchall()
        )
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    assert set(tables) == {*PUBLISHED_TABLES, PUBLICATION_TABLE}
    assert all(comment.startswith("One row per ") for comment in tables.values())
    for table, column, comment in columns:
        assert comment, (table, column)
        if table != PUBLICATION_TABLE:
            described = marts[table]["columns"][column]["description"].strip()
            assert comment == described, (table, column)


@pytest.mark.slow
def test_an_older_duckdb_reads_every_table(published: Path, tmp_path: Path) -> None:
    """DuckDB 1.2, in a separate environment, reads all rows of all published tables."""
    python = tmp_path / "older" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "older"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", f"duckdb=={OLDEST_DUCKDB}"]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"duckdb {OLDEST_DUCKDB} cannot be installed for this Python here")
    read = subprocess.run(
        [python, "-c", READ_EVERYTHING, published], capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    with duckdb.connect(str(published), read_only=True) as connection:
        expected = {
            table: len(connection.execute(f'from "{table}"').fetchall())
            for table in (*PUBLISHED_TABLES, PUBLICATION_TABLE)
        }
    assert json.loads(read.stdout) == expected
