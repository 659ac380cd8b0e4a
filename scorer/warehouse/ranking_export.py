"""Exports the latest ranking with one row per person, for tools that do not read DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from scorer.errors import ConfigurationError, InputError
from scorer.files import replacing
from scorer.spreadsheets import escaped_sql
from scorer.sql import literal
from scorer.warehouse.database import Connection, connect_memory, named_damage

FORMATS = {
    ".csv": "(format csv, header)",
    ".parquet": "(format parquet)",
    ".jsonl": "(format json)",
    ".ndjson": "(format json)",
}
_PERSON_TEXTS = ("strategy_id", "placement_id", "profile_id", "model_version")
_OFFER_TEXTS = ("offer_id", "offer_name")
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
        is_csv, is_list = out.suffix.lower() == ".csv", layout == "list"
        # The list of offers is JSON, which begins with a bracket.
        escaped = (*_PERSON_TEXTS, *(() if is_list else _OFFER_TEXTS)) if is_csv else ()
        rows = _ranked(chosen, placement, escaped)
        select = _listed(rows, is_csv) if is_list else _wide(connection, rows)
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


def _ranked(chosen: str, placement: str, escaped: Sequence[str]) -> str:
    """Return the rows to export as a subquery, some texts escaped for spreadsheets."""
    replaced = ", ".join(f"{escaped_sql(column)} as {column}" for column in escaped)
    columns = f"* replace ({replaced})" if replaced else "*"
    return (
        f"(select {columns} from ranked_offers"
        f" where {chosen} and placement_id = {literal(placement)}"
        f" and cycle_date = (select max(cycle_date) from ranked_offers where {chosen}))"
    )


def _wide(connection: Connection, rows: str) -> str:
    most = connection.execute(f"select coalesce(max(rank), 0) from {rows}").fetchall()[0][0]
    columns = [
        f"any_value({column}) filter (where rank = {rank}) as {column}_{rank}"
        for rank in range(1, most + 1)
        for column in (*_OFFER_TEXTS, "score", "propensity")
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
