"""The tables that the scorer writes, for builds without dbt."""

from __future__ import annotations

import yaml

from benchmarks.synthetic_publication import contracts
from scorer.warehouse.database import Connection
from tests.support.paths import PROJECT

SOURCES = PROJECT / "models" / "staging" / "scorer" / "_scorer__sources.yml"


def create_scorer_tables(connection: Connection) -> None:
    """Create the tables empty, as the macro of that name does."""
    (source,) = yaml.safe_load(SOURCES.read_text())["sources"]
    connection.execute("create schema if not exists scorer")
    for table in source["tables"]:
        name = table["name"]
        own = {column["name"]: column["data_type"] for column in table.get("columns", [])}
        columns = own or contracts()[name]
        defined = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"create table if not exists scorer.{name} ({defined})")
