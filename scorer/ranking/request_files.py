"""Ranks a file of requests into a file of ranked offers; file extensions give the formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError
from scorer.files import replacing
from scorer.inputs.column_names import matched_columns, prefixed_name
from scorer.inputs.raw_folder import file_kind
from scorer.inputs.spellings import FALSE_WORDS, NULL_MARKS, TRUE_WORDS
from scorer.progress import Progress
from scorer.ranking.context import find_deployed, load_context
from scorer.ranking.known_people import with_known_features
from scorer.ranking.requests import (
    NOTHING_ELIGIBLE,
    RankedRequests,
    rank_requests,
    with_known_eligibility,
)
from scorer.sql import first_line, literal, quote
from scorer.warehouse.build_state import last_state
from scorer.warehouse.database import Connection, DatabaseError, connect_build, connect_memory
from scorer.warehouse.marts import the_strategy

_READERS = {
    ".csv": "read_csv({file}, all_varchar = true, header = true)",
    ".tsv": "read_csv({file}, all_varchar = true, header = true)",
    ".parquet": "read_parquet({file})",
    ".ndjson": "read_json({file}, format = 'newline_delimited'{columns})",
    ".jsonl": "read_json({file}, format = 'newline_delimited'{columns})",
    ".json": "read_json({file}{columns})",
}
_FLAG = f"""
case
    when lower(trim({{cell}}::varchar)) in {TRUE_WORDS} then true
    when try_cast({{cell}} as double) = 1 then true
    when coalesce(lower(trim({{cell}}::varchar)), '') in {NULL_MARKS} then false
    when lower(trim({{cell}}::varchar)) in {FALSE_WORDS} then false
    when try_cast({{cell}} as double) = 0 then false
end
"""
_COLUMNS = (
    "request_id",
    "profile_id",
    "activity_id",
    "scope_id",
    "placement_id",
    "offer_ids",
    "event_ts",
)
_WRITERS = {".csv": "csv, header", ".parquet": "parquet"}


@dataclass(frozen=True)
class RankedFile:
    """Number of rows written and of requests rejected; `first_rejected` describes one of them."""

    rows: int
    rejected: int
    first_rejected: str | None


def rank_file(
    settings: Settings, files: tuple[Path, Path], explore: bool, progress: Progress
) -> RankedFile:
    """Rank the requests of the first file with one strategy; write the result to the second.

    A request without ranked offers has one row with its `reason`.

    Raises
    ------
    ConfigurationError
        The strategy is unknown or missing, a file has an unknown extension, or the last cycle has
        not built its features.
    InputError
        The requests cannot be read, or none of them can be ranked.
    """
    source, target = files
    _check_kinds(source, target)
    _check_features(settings)
    requests = read_requests(source)
    with connect_build(settings.build_path, read_only=True) as connection:
        strategy = the_strategy(connection, settings)
        deployed = find_deployed(connection, settings, strategy)
        context = load_context(connection, strategy, settings.as_of, deployed)
        requests = with_known_features(connection, requests, context)
        requests = with_known_eligibility(connection, requests, strategy)
    progress.say(f"strategy {strategy}, model {deployed.version if deployed else 'none yet'}")
    ranked = rank_requests(requests, context if explore else context.without_arms())
    first = next(iter(ranked.rejected.slice(0, 1).to_pylist()), None)
    rejection = first and f"request {first['row_number']}: {first['reason']}"
    is_wrong = pc.not_equal(ranked.rejected["reason"], NOTHING_ELIGIBLE)
    if rejection and pc.sum(is_wrong).as_py() == requests.num_rows:
        raise InputError(f"{source}: no request can be ranked; {rejection}")
    write_table(_with_reasons(ranked), target)
    return RankedFile(ranked.rows.num_rows, ranked.rejected.num_rows, rejection)


def _with_reasons(ranked: RankedRequests) -> pa.Table:
    """Add the column `reason`, and a row with it for each request without ranked offers."""
    none = pa.nulls(ranked.rows.num_rows, pa.string())
    without = ranked.rejected.select(["request_id", "reason"])
    return pa.concat_tables(
        [ranked.rows.append_column("reason", none), without], promote_options="default"
    )


def read_requests(file: Path) -> pa.Table:
    """Return the requests of a CSV, Parquet or NDJSON file, with ids as text.

    Column names are matched without case, spaces, hyphens and underscores. Columns `seg_*` are
    boolean,
    in the words of `scorer.inputs.spellings`; empty is false, other values are missing.

    Raises
    ------
    InputError
        The file does not exist or cannot be read.
    """
    if not file.is_file():
        raise InputError(f"--requests: {file} does not exist; name a file of requests")
    connection = connect_memory()
    try:
        types, reader = _reader(connection, file)
        chosen = ", ".join(
            _column(name, known) for name, known in _known(file, list(types)).items()
        )
        return connection.sql(f"select {chosen} from {reader}").to_arrow_table()
    except DatabaseError as error:
        raise InputError(f"{file}: cannot be read: {first_line(error)}") from None
    finally:
        connection.close()


def _reader(connection: Connection, file: Path) -> tuple[dict[str, str], str]:
    """Column types of a file, and the table function that reads it.

    JSON values are read as text: DuckDB would rewrite values that look like UUIDs or dates.
    """
    form = _READERS[file_kind(file) or ".csv"]
    is_json = "{columns}" in form
    sampled = form.format(file=literal(file), columns=", sample_size = -1")
    described = connection.execute(f"describe from {sampled}").fetchall()
    types = {name: _as_text(kind) if is_json else kind for name, kind, *_ in described}
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    return types, form.format(file=literal(file), columns=f", columns = {{{columns}}}")


def _as_text(kind: str) -> str:
    if kind.endswith("[]"):
        return "VARCHAR[]"
    return kind if kind.startswith(("STRUCT", "MAP")) else "VARCHAR"


def write_table(table: pa.Table, file: Path) -> None:
    """Write a CSV, Parquet or NDJSON file atomically."""
    form = _WRITERS.get(file_kind(file) or "", "json")
    connection = connect_memory()
    try:
        connection.register("ranked_requests", table)
        with replacing(file) as temporary:
            connection.execute(f"copy ranked_requests to {literal(temporary)} (format {form})")
    except (OSError, DatabaseError) as error:
        raise InputError(f"--out: {file} cannot be written: {first_line(error)}") from None
    finally:
        connection.close()


def _known(file: Path, names: list[str]) -> dict[str, str]:
    """Return {column of the file: known name}; unknown columns keep their name."""
    matched = matched_columns(file.name, names, _COLUMNS)
    return {name: matched.get(name) or prefixed_name(name) or name for name in names}


def _column(name: str, known: str) -> str:
    column = quote(name)
    value = _FLAG.format(cell=column) if known.startswith("seg_") else column
    return f"{value} as {quote(known)}"


def _check_features(settings: Settings) -> None:
    state = last_state(settings.cycles_dir)
    if state is not None and "features" not in state.done:
        raise ConfigurationError(
            f"the cycle of {state.as_of} has not finished features: run `nextoffer run`"
        )


def _check_kinds(source: Path, target: Path) -> None:
    for option, path in (("--requests", source), ("--out", target)):
        if file_kind(path) not in _READERS:
            known = ", ".join(_READERS)
            raise ConfigurationError(
                f"{option}: {path.name} has no known extension; known: {known}"
            )
