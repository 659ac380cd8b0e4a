"""Exports the latest ranking with one row per person, for tools that do not read DuckDB."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scorer.errors import ConfigurationError, InputError
from scorer.files import replacing
from scorer.sql import literal
from scorer.warehouse.database import Connection, connect_memory, named_damage

FORMATS = {
    ".csv": "(format csv, header)",
    ".parquet": "(format parquet)",
    ".jsonl": "(format json)",
    ".ndjson": "(format json)",
}
# Escapes text that a spreadsheet would run as a formula in a CSV file.
_ESCAPED = "regexp_replace({0}, '^([=+@\t\r-])', '''\\1')"
_PERSON = (
    "strategy_id, cycle_date, placement_id, profile_id, traffic_type, is_exploration, model_version"
)


@dataclass(frozen=True)
class Exported:
    """Result of an export."""

    people: int
    strategy_id: str
    placement_id: str


def export_ranking(
    published: Path, out: Path, strategy: str | None, placement: str | None, layout: str
) -> Exported:
    """Write the newest ranking of one strategy and placement, one row per person.

    Parameters
    ----------
    published : Path
        A publication.
    out : Path
        Replaced atomically; its ending chooses the format, see FORMATS.
    strategy, placement : str or None
        None: the only one.
    layout : str
        ``columns`` has offer_id_1, offer_name_1, score_1, propensity_1, offer_id_2, …; ``list``
        has a column `offers` with the same fields and `rank` per offer, as JSON text in CSV.

    Raises
    ------
    ConfigurationError
        The ending is unknown, or the strategy or placement is unknown or missing.
    InputError
        Nothing is ranked yet, or the file is damaged.
    """
    options = FORMATS.get(out.suffix.lower())
    if options is None:
        raise ConfigurationError(f"--out: {out.name} must end in one of {', '.join(FORMATS)}")
    with named_damage(published), closing(connect_memory()) as connection:
        connection.execute(f"attach {literal(published)} as source (read_only); use source")
        strategy = _the_only(connection, "strategy", "true", strategy)
        chosen = f"strategy_id = {literal(strategy)}"
        placement = _the_only(connection, "placement", chosen, placement)
        rows = _ranked(chosen, placement)
        is_csv = out.suffix.lower() == ".csv"
        select = _listed(rows, is_csv) if layout == "list" else _wide(connection, rows, is_csv)
        with replacing(out) as temporary:
            connection.execute(f"copy ({select}) to {literal(temporary)} {options}")
        people = connection.execute(f"select count(distinct profile_id) from {rows}").fetchall()
    return Exported(int(people[0][0]), strategy, placement)


def _the_only(connection: Connection, kind: str, condition: str, given: str | None) -> str:
    """Return the strategy or placement to export."""
    found = connection.execute(
        f"select distinct {kind}_id from ranked_offers where {condition} order by 1"
    ).fetchall()
    known = [name for (name,) in found]
    if not known:
        raise InputError("nothing is ranked yet: run `nextoffer run` first")
    if given is None and len(known) == 1:
        return str(known[0])
    if given is None:
        raise ConfigurationError(f"--{kind} is missing; there are: {', '.join(known)}")
    if given not in known:
        raise ConfigurationError(f"--{kind}: {given!r} is unknown; there are: {', '.join(known)}")
    return given


def _ranked(chosen: str, placement: str) -> str:
    """Return the rows to export as a subquery."""
    return (
        f"(select * from ranked_offers where {chosen} and placement_id = {literal(placement)}"
        f" and cycle_date = (select max(cycle_date) from ranked_offers where {chosen}))"
    )


def _wide(connection: Connection, rows: str, is_csv: bool) -> str:
    most = connection.execute(f"select coalesce(max(rank), 0) from {rows}").fetchall()[0][0]
    name = _ESCAPED.format("offer_name") if is_csv else "offer_name"
    columns = [
        f"any_value({value}) filter (where rank = {rank}) as {column}_{rank}"
        for rank in range(1, most + 1)
        for column, value in (
            ("offer_id", "offer_id"),
            ("offer_name", name),
            ("score", "score"),
            ("propensity", "propensity"),
        )
    ]
    return (
        f"select {', '.join([_PERSON, *columns])} from {rows}"
        f" group by {_PERSON} order by profile_id"
    )


def _listed(rows: str, is_csv: bool) -> str:
    offers = (
        "list({'rank': rank, 'offer_id': offer_id, 'offer_name': offer_name, 'score': score,"
        " 'propensity': propensity} order by rank)"
    )
    offers = f"to_json({offers})" if is_csv else offers
    return (
        f"select {_PERSON}, {offers} as offers from {rows} group by {_PERSON} order by profile_id"
    )
