"""Write a publication of any size without a run: every mart, filled by SQL.

The tables, their columns and their types come from the contracts of the marts. `MARTS` defines the
rows and the main columns of each mart; the other columns get a value for their type. The figures
are plausible but do not come from a model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from benchmarks.synthetic_marts import ANY_VALUE, MARTS, MARTS_OF_STAGE, Stage

MODELS = Path(__file__).parents[1] / "dbt_project" / "models"
HOSTILE_OFFERS = (
    "o'1\"; drop table dim_offers; --",
    "<script>alert(1)</script>",
    "🎁 **bold** [a](http://b) $x$ :smile: `c`",
)
NEWEST_VERSION = "aaaaaaaa1000"
Changes = Mapping[str, dict[str, str] | list[dict[str, Any]]]


@dataclass(frozen=True)
class World:
    """The names and the size of a publication.

    A place is a strategy with one of its placements. The values of a feature are false and true for
    a segment, any others for a context feature.
    """

    places: tuple[tuple[str, str], ...] = (("web", "home"), ("web", "account"), ("mail", "letter"))
    amounts: tuple[str, ...] = ("mail",)
    offers: tuple[str, ...] = (*HOSTILE_OFFERS, "offer-3", "offer-4")
    features: tuple[str, ...] = ("f0", "f1", "f2", "f3")
    values: tuple[str, ...] = ("false", "true")
    profiles: int = 40
    displays: int = 60_000
    rejected: int = 20
    has_control: bool = False


def small_world(text: str = "") -> World:
    """Return one strategy, placement and profile with two offers and two features.

    Every name holds the text, which may be hostile.
    """
    return World(
        places=((f"web{text}", f"hero{text}"),),
        amounts=(),
        offers=(f"loan{text}", f"card{text}"),
        features=(f"age{text}", f"gold{text}"),
        profiles=1,
        rejected=3,
    )


def write_publication(
    home: Path,
    as_of: datetime,
    world: World | None = None,
    stage: Stage = "full",
    changes: Changes | None = None,
) -> Path:
    """Write a publication and make it current in a home folder; return its file.

    Parameters
    ----------
    home : Path
        Home folder, created if it does not exist.
    as_of : datetime
        as_of of the publication, UTC.
    world : World, optional
        Names and size.
    stage : {"new", "cold", "full"}
        Whether the strategies never ran, collect data for a first model, or have a model.
    changes : dict, optional
        For a mart, either the SQL of some columns, or all of its rows.
    """
    folder = home / "published"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"nextoffer-{as_of:%Y%m%dT%H%M%S}.duckdb"
    temporary = folder / f".{file.name}.tmp"
    temporary.unlink(missing_ok=True)
    with duckdb.connect(str(temporary)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for mart, columns in contracts().items():
            defined = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {mart} ({defined})")
        connection.execute("create table publication as select ?::timestamp as as_of", [as_of])
        _make_dimensions(connection, as_of, world or World(), stage)
        changes = changes or {}
        for mart in MARTS_OF_STAGE[stage]:
            source, columns = MARTS[mart]
            change = changes.get(mart, {})
            if isinstance(change, dict):
                _fill(connection, mart, source, columns | change)
        for mart, change in changes.items():
            if isinstance(change, list):
                _insert_rows(connection, mart, change)
    os.replace(temporary, file)
    link = home / ".published.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(folder.name) / file.name)
    os.replace(link, home / "published.duckdb")
    return file


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Return the columns of every mart with their types; a mart has a yml of its own name."""
    found = {}
    for file in sorted(MODELS.rglob("*.yml")):
        for model in yaml.load(file.read_text(), yaml.CSafeLoader).get("models") or []:
            if model["name"] == file.stem:
                columns = model["columns"]
                found[model["name"]] = {column["name"]: column["data_type"] for column in columns}
    return found


def _fill(
    connection: duckdb.DuckDBPyConnection, mart: str, source: str, values: dict[str, str]
) -> None:
    """Insert one row per row of the source.

    A column holds its SQL, else the source's column of that name, else any value of its type.
    """
    if unknown := values.keys() - contracts()[mart].keys():
        raise ValueError(f"{mart} has no column {', '.join(sorted(unknown))}")
    described = connection.execute(f"describe select * from {source}").fetchall()
    given = {row[0]: row[0] for row in described} | values
    selected = ", ".join(
        f'{given.get(name, ANY_VALUE.get(kind, "null"))} as "{name}"'
        for name, kind in contracts()[mart].items()
    )
    connection.execute(f"insert into {mart} by name select {selected} from {source}")


def _insert_rows(
    connection: duckdb.DuckDBPyConnection, mart: str, rows: list[dict[str, Any]]
) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if names:
        table = pa.table({name: [row.get(name) for row in rows] for name in names})
        connection.from_arrow(table).query("rows", f"insert into {mart} by name select * from rows")


def _make_dimensions(
    connection: duckdb.DuckDBPyConnection, as_of: datetime, world: World, stage: Stage
) -> None:
    """Create the temporary tables and variables from which `MARTS` selects."""
    is_full = stage == "full"
    arms = ["random"] + is_full * ["personalised"] + world.has_control * ["control"]
    kinds = ["continuous" if name in world.amounts else "binary" for name, _ in world.places]
    cells = 30 * len(world.places) * len(world.offers)
    variables = {
        "as_of": as_of,
        "profiles": world.profiles,
        "offers": len(world.offers),
        "rejected": world.rejected,
        "displays_a_cell": max(1, world.displays // cells),
    }
    for name, value in variables.items():
        connection.execute(f"set variable {name} = $1", [value])
    tables: dict[str, tuple[str, list[Any]]] = {
        "places": (
            "unnest($1) as strategy_id, unnest($2) as placement_id, unnest($3) as kpi_type,"
            " 'visits' as activity_id, 'scope' as scope_id",
            [*map(list, zip(*world.places, strict=True)), kinds],
        ),
        "offers": ("unnest($1) as offer_id, unnest(range(len($1))) as i", [list(world.offers)]),
        "features": (
            "unnest($1) as feature_name, unnest(range(len($1))) as f,"
            " if('true' in $2, 'segment', 'context') as feature_kind",
            [list(world.features), list(world.values)],
        ),
        "levels": (
            "unnest($1) as feature_value, unnest(range(len($1))) as v",
            [list(world.values)],
        ),
        "arms": (
            "unnest($1) as arm, map {'random': 'random', 'personalised': 'contextual',"
            " 'control': 'noncontextual'}[arm] as traffic_type",
            [arms],
        ),
        "days": (
            "(getvariable('as_of') - to_days(d::int))::date as display_date, d"
            " from range(1, 31) as t(d)",
            [],
        ),
        "weeks": (
            "getvariable('as_of') - to_days(7 * w::int) as as_of, w,"
            " if($1, lpad(to_hex(4096 + w), 12, 'a'), null) as model_version"
            " from range(if($1, 8, 1)) as t(w)",
            [is_full],
        ),
    }
    for name, (selected, parameters) in tables.items():
        connection.execute(f"create temp table {name} as select {selected}", parameters)
    connection.execute(
        "create temp table strategies as select distinct strategy_id, kpi_type from places"
    )
