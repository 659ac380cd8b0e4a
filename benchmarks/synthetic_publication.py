"""Writes a publication of any size without a run: every published table, filled by SQL.

Strategy `web` has a rate, strategy `mail` an amount. Some ids are hostile on purpose. The figures
are plausible and follow from hashes; nothing was learned from anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import yaml

from benchmarks.synthetic_outcomes import COLD_START, MODEL_TABLES
from benchmarks.synthetic_tables import TABLES

MODELS = Path(__file__).parents[1] / "dbt_project" / "models"
HOSTILE_OFFERS = (
    "o'1\"; drop table dim_offers; --",
    "<script>alert(1)</script>",
    "🎁 **bold** [a](http://b) $x$ :smile: `c`",
)
_PUBLICATION = """
create table publication as
select
    $as_of::timestamp as as_of,
    'synthetic' as nextoffer_version,
    0::bigint as seed,
    'clicked' as kpi,
    'none' as inputs_checksum
"""


@dataclass(frozen=True)
class Size:
    """How much to write."""

    profiles: int = 40
    offers: int = 5
    displays: int = 60_000
    features: int = 4
    values: int = 3
    rejected: int = 20


def write_publication(
    home: Path, as_of: datetime, size: Size | None = None, has_model: bool = True
) -> Path:
    """Write a publication and make it current in a home folder; return its file.

    Without `has_model` it is one of a cold start: published, and no model yet.
    """
    folder = home / "published"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"nextoffer-{as_of:%Y%m%dT%H%M%S}.duckdb"
    temporary = folder / f".{file.name}.tmp"
    temporary.unlink(missing_ok=True)
    with duckdb.connect(str(temporary)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for statement in table_statements():
            connection.execute(statement)
        connection.execute(_PUBLICATION, {"as_of": as_of})
        _prepare(connection, as_of, size or Size())
        for table, select in TABLES.items():
            connection.execute(f"insert into {table} by name {select}")
        for table, select in (MODEL_TABLES if has_model else COLD_START).items():
            connection.execute(f"insert into {table} by name {select}")
    os.replace(temporary, file)
    link = home / ".published.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(folder.name) / file.name)
    os.replace(link, home / "published.duckdb")
    return file


def table_statements() -> list[str]:
    """Return a `create table` for every mart, with the columns of its contract."""
    statements = []
    for path in sorted(MODELS.rglob("*.yml")):
        if not path.with_suffix(".sql").exists():
            continue
        for model in yaml.safe_load(path.read_text()).get("models", []):
            columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
            statements.append(f"create table {model['name']} ({columns})")
    return statements


def _prepare(connection: duckdb.DuckDBPyConnection, as_of: datetime, size: Size) -> None:
    """Make temporary tables of what the published ones are crossed from."""
    offers = [*HOSTILE_OFFERS, *(f"offer-{i}" for i in range(len(HOSTILE_OFFERS), size.offers))]
    connection.execute(
        "create temp table offers as select unnest($offers) as offer_id,"
        " unnest(range($count)) as i",
        {"offers": offers, "count": len(offers)},
    )
    connection.execute(
        "create temp table places as select * from (values"
        " ('web', 'home', 'visits', 'binary', 0.06), ('web', 'account', 'visits', 'binary', 0.05),"
        " ('mail', 'letter', 'news', 'continuous', 0.06))"
        " as t(strategy_id, placement_id, activity_id, kpi_type, rate)"
    )
    connection.execute(
        "create temp table days as select (? - to_days(i::int))::date as display_date, i"
        " from range(1, 31) as t(i)",
        [as_of],
    )
    connection.execute(
        "create temp table weeks as select ? - to_days(7 * i::int) as as_of, i,"
        " lpad(to_hex(4096 + i), 12, 'a') as model_version from range(8) as t(i)",
        [as_of],
    )
    values = {
        "profiles": size.profiles,
        "offers": len(offers),
        "features": size.features,
        "feature_values": size.values,
        "rejected": size.rejected,
        "displays_a_cell": max(1, size.displays // (30 * 3 * len(offers))),
    }
    for name, value in values.items():
        connection.execute(f"set variable {name} = {int(value)}")
    connection.execute("set variable as_of = ?::timestamp", [as_of])
    connection.execute("set variable valid_to = ?::timestamp", [as_of + timedelta(days=7)])
