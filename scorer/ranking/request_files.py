"""Ranks a file of requests into a file of ranked offers; file extensions give the formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError
from scorer.files import replacing
from scorer.inputs.column_names import matched_columns, prefixed_name
from scorer.inputs.csv_text import csv_delimiter, separator_line
from scorer.inputs.file_forms import (
    CSV_KINDS,
    UnreadableError,
    compression_of,
    file_kind,
    head_of,
)
from scorer.inputs.plain_files import plain_files
from scorer.inputs.spellings import FALSE_WORDS, ID_NULL_MARKS, NULL_MARKS, TRUE_WORDS
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

_CSV = "read_csv({file}, all_varchar = true, header = true, quote = '\"', escape = '\"'{dialect})"
_READERS = {
    ".parquet": "read_parquet({file})",
    ".ndjson": "read_json({file}, format = 'newline_delimited'{columns})",
    ".jsonl": "read_json({file}, format = 'newline_delimited'{columns})",
    ".json": "read_json({file}{columns})",
}
_FLAG = f"""
case
    when lower(trim({{cell}}::varchar)) in {TRUE_WORDS} then true
    when try_cast(replace({{cell}}::varchar, ',', '.') as double) = 1 then true
    when coalesce(lower(trim({{cell}}::varchar)), '') in {NULL_MARKS} then false
    when lower(trim({{cell}}::varchar)) in {FALSE_WORDS} then false
    when try_cast(replace({{cell}}::varchar, ',', '.') as double) = 0 then false
end
"""
_IDS = ("request_id", "profile_id", "activity_id", "scope_id", "placement_id")
_COLUMNS = (*_IDS, "offer_ids", "event_ts")
# An id that was stored as a number with decimals: 7.0 is 7.
_ID = rf"""
case
    when lower(trim({{cell}}::varchar)) not in {ID_NULL_MARKS}
        then regexp_replace(trim({{cell}}::varchar), '^(-?\d+)\.0+$', '\1')
end
"""
_PRESENT = f"case when lower(trim({{cell}})) not in {NULL_MARKS} then trim({{cell}}) end"
# Numbers with a decimal comma or point, as in macros/portability/values.sql.
_COMMA = r"[-+]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{1,3}(\.\d{3})+,\d+)"
_POINT = r"[-+]?(\d+\.(\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(,\d{3})+\.\d+)"

_WITH_POINT = "replace(replace({cell}, '.', ''), ',', '.')"
_WRITERS = {
    ".csv": "csv, header",
    ".tsv": "csv, header, delimiter '\t'",
    ".parquet": "parquet",
    **dict.fromkeys((".ndjson", ".jsonl", ".json"), "json"),
}


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
        The strategy is unknown or missing, the result has an unknown extension, or the last cycle
        has not built its features.
    InputError
        The requests cannot be read, or none of them can be ranked.
    """
    source, target = files
    _check_target(target)
    _check_features(settings)
    requests = read_requests(source, settings.code_page)
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


def read_requests(file: Path, code_page: str = "") -> pa.Table:
    """Return the requests of a file in any form that inputs have, with ids as text.

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
    with TemporaryDirectory(prefix="nextoffer-requests-") as folder:
        try:
            files = plain_files(file.absolute(), "requests", Path(folder) / "copies", code_page)
        except UnreadableError as error:
            raise InputError(f"{file} {error}") from None
        tables = [_table(file, part) for part in files.files]
    return pa.concat_tables(tables, promote_options="permissive")


def _table(file: Path, part: Path) -> pa.Table:
    """Return the requests of a file, or of one part of it."""
    connection = connect_memory()
    try:
        types, reader = _reader(connection, part)
        known = _known(file, list(types))
        with_commas = _decimal_comma_columns(connection, part, known, reader)
        chosen = ", ".join(
            _column(name, known[name], types[name], name in with_commas) for name in types
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
    kind = file_kind(file) or ".csv"
    form = _CSV if kind in CSV_KINDS else _READERS[kind]
    dialect = _dialect(file) if kind in CSV_KINDS else ""
    is_json = "{columns}" in form
    sampled = form.format(file=literal(file), columns=", sample_size = -1", dialect=dialect)
    described = connection.execute(f"describe from {sampled}").fetchall()
    types = {name: _as_text(kind) if is_json else kind for name, kind, *_ in described}
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    columns = f", columns = {{{columns}}}"
    return types, form.format(file=literal(file), columns=columns, dialect=dialect)


def _dialect(file: Path) -> str:
    """Return the options for reading a CSV file: its delimiter, and whether it begins `sep=;`."""
    skipped, delimiter = _delimiter(file)
    return f", delim = {literal(delimiter)}, skip = {skipped}"


def _delimiter(file: Path) -> tuple[int, str]:
    """Return how many lines precede the header of a CSV file, 0 or 1, and its delimiter."""
    head = head_of(file, compression_of(file) or "text").decode("utf-8-sig", errors="replace")
    skipped, delimiter = separator_line(head)
    return skipped, delimiter or csv_delimiter(head)


def _as_text(kind: str) -> str:
    if kind.endswith("[]"):
        return "VARCHAR[]"
    return kind if kind.startswith(("STRUCT", "MAP")) else "VARCHAR"


def write_table(table: pa.Table, file: Path) -> None:
    """Write a CSV, Parquet or NDJSON file atomically."""
    form = _WRITERS[file_kind(file) or ""]
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


def _decimal_comma_columns(
    connection: Connection, file: Path, known: dict[str, str], reader: str
) -> set[str]:
    """Return the context columns of a CSV file whose numbers have a decimal comma.

    In a file that separates its fields by commas, a comma in a value is part of a text.
    """
    contexts = [name for name, meaning in known.items() if meaning.startswith("ctx_")]
    if (file_kind(file) or ".csv") not in CSV_KINDS or _delimiter(file)[1] == "," or not contexts:
        return set()
    cells = [_PRESENT.format(cell=quote(name)) for name in contexts]
    marks = ", ".join(_has_decimal_commas(cell) for cell in cells)
    ((*found,),) = connection.execute(f"select {marks} from {reader}").fetchall()
    return {name for name, has_commas in zip(contexts, found, strict=True) if has_commas}


def _has_decimal_commas(cell: str) -> str:
    return (
        f"bool_and(regexp_full_match({cell}, '[-+]?[\\d.,]+'))"
        f" and bool_or(regexp_full_match({cell}, '{_COMMA}'))"
        f" and not bool_or(regexp_full_match({cell}, '{_POINT}'))"
    )


def _column(name: str, known: str, kind: str, has_decimal_commas: bool) -> str:
    value = quote(name)
    if known.startswith("seg_"):
        value = _FLAG.format(cell=value)
    elif known in _IDS:
        value = _ID.format(cell=value)
    elif known.startswith("ctx_") and kind == "VARCHAR":
        value = _PRESENT.format(cell=value)
        value = _WITH_POINT.format(cell=value) if has_decimal_commas else value
    return f"{value} as {quote(known)}"


def _check_features(settings: Settings) -> None:
    state = last_state(settings.cycles_dir)
    if state is not None and "features" not in state.done:
        raise ConfigurationError(
            f"the cycle of {state.as_of} has not finished features: run `nextoffer run`"
        )


def _check_target(path: Path) -> None:
    if file_kind(path) not in _WRITERS or compression_of(path) == "bz2":
        known = ", ".join(_WRITERS)
        raise ConfigurationError(
            f"--out: {path.name} has no known extension; known: {known}, also .gz and .zst"
        )
