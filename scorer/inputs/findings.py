"""What a run says of its inputs: what nobody reads, what was rejected, and what makes it stop."""

from __future__ import annotations

from pathlib import Path

from scorer.config import Settings
from scorer.errors import InputError
from scorer.inputs.column_names import likely_column
from scorer.inputs.raw_folder import INPUTS, KINDS, all_input_files
from scorer.warehouse.database import Connection, connect_build

_SHOWN = 3
_MARKS = ("readme", "license")
_ROWS = """
select source_file, line_number, reject_reason, raw_text from stg_flat__displays
union all
select source_file, line_number, reject_reason, raw_text from stg_xdm__events
union all
select source_file, line_number, reason, raw_text from stg_rejected_lines
where input_name in ('displays', 'experience_events')
"""
_OFFERS = """
select source_file, line_number, reject_reason, raw_text from stg_offers
union all
select source_file, line_number, reason, raw_text from stg_rejected_lines
where input_name = 'offers'
"""
_REASONS = """
select reject_reason, count(*), min(source_file), min_by(line_number, source_file),
    left(min_by(raw_text, source_file), 120)
from ({rows})
where reject_reason is not null
group by 1
order by 2 desc, 1
"""
_COLUMNS = """
select column_name, likely_column, input_name, min(source_file), count(*)
from stg_input_columns
where used_as is null
group by 1, 2, 3
order by 2 is null, 3, 1
"""
_UNKNOWN_OFFERS = """
select offer_id
from (
    select offer_id, '{name}' as input_name from stg_{name}
) as named
where offer_id is not null and offer_id not in (select offer_id from dim_offers)
group by 1
order by 1
"""


def require_records(settings: Settings) -> None:
    """Raise where everything that was brought of an input was rejected.

    Raises
    ------
    InputError
        All displays and events, or all offers, are rejected; names three reasons with an example.
    """
    with connect_build(settings.build_path, read_only=True) as connection:
        for what, rows in (("display", _ROWS), ("offer of the catalogue", _OFFERS)):
            counted = (
                f"select count(*), count(*) filter (where reject_reason is null) from ({rows})"
            )
            found = connection.execute(counted).fetchone()
            total, accepted = found or (0, 0)
            if total and not accepted:
                reasons = "; ".join(_reasons(connection, rows)[:_SHOWN])
                raise InputError(f"every {what} was rejected: {reasons}")


def input_warnings(settings: Settings) -> list[str]:
    """Return a sentence for everything of the inputs that has no effect."""
    warnings = _unused_files(settings.raw) if settings.raw else []
    with connect_build(settings.build_path, read_only=True) as connection:
        for column, likely, _, file, count in connection.execute(_COLUMNS).fetchall():
            more = f" and {count - 1} other files" if count > 1 else ""
            hint = f"; did you mean {likely}?" if likely else ""
            warnings.append(f"{file}{more}: column {column} is not used{hint}")
        for reason in _reasons(connection, _OFFERS):
            warnings.append(f"offers were rejected and are not ranked: {reason}")
        for name in ("eligibility_rules", "capping_rules", "strategy_offers"):
            unknown = connection.execute(_UNKNOWN_OFFERS.format(name=name)).fetchall()
            if unknown:
                named = ", ".join(offer for (offer,) in unknown[:_SHOWN])
                more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
                warnings.append(
                    f"{name} names offers that nobody knows: {named}{more};"
                    " these rows have no effect"
                )
    return warnings


def _reasons(connection: Connection, rows: str) -> list[str]:
    found = connection.execute(_REASONS.format(rows=rows)).fetchall()
    return [
        f"{reason} ({count} rows, such as {file}{f' line {line}' if line else ''}: {text})"
        for reason, count, file, line, text in found
    ]


def _unused_files(raw: Path) -> list[str]:
    """Return a sentence for each file of the raw folder that no input takes."""
    used = set(all_input_files(raw))
    warnings = []
    for path in sorted(raw.iterdir()):
        stem = path.name.split(".")[0]
        if path.name.startswith((".", "_")) or path in used or stem.lower() in _MARKS:
            continue
        if path.is_dir():
            below = [part for part in path.rglob("*") if part.is_file()]
            unused = sorted({part for part in below if not _is_hidden(part, raw)} - used)
            if path.name.lower() in INPUTS:
                warnings += [_kind_warning(part.relative_to(raw)) for part in unused]
            elif unused:
                warnings.append(_name_warning(path.name + "/", stem))
        elif stem.lower() in INPUTS:
            warnings.append(_kind_warning(path.relative_to(raw)))
        else:
            warnings.append(_name_warning(path.name, stem))
    return warnings


def _is_hidden(path: Path, raw: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(raw).parts)


def _kind_warning(path: Path) -> str:
    return f"{path} is not read: save it as one of {', '.join(KINDS)}"


def _name_warning(name: str, stem: str) -> str:
    likely = likely_column(stem, INPUTS)
    hint = f"did you mean {likely}?" if likely else f"inputs are {', '.join(INPUTS)}"
    return f"{name} is not read: {hint}"
