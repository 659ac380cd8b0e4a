"""Column names as people write them: case, spaces, hyphens and underscores do not count.

Follows the rules of macros/raw/column_names.sql of the dbt project, for files that Python reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from scorer.errors import ConfigurationError

PREFIXES = ("seg", "ctx")
_PREFIX_ENDS = ("_", " ", "-")


def plain_name(name: str) -> str:
    """Return a name without case, spaces, hyphens and underscores."""
    return re.sub(r"[_\-\s]", "", name.lower())


def matched_columns(source: str, names: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Return {name in the file: wanted column}; names that match none are absent.

    Raises
    ------
    ConfigurationError
        Two names could both be the wanted column.
    """
    matched = {}
    for column in wanted:
        others = [
            name for name in names if name not in wanted and plain_name(name) == plain_name(column)
        ]
        if column in names:
            matched[column] = column
        elif len(others) > 1:
            raise ConfigurationError(
                f"{source}: columns {others[0]} and {others[1]} could both be {column};"
                f" rename the intended one to {column}"
            )
        elif others:
            matched[others[0]] = column
    return matched


def prefixed_name(name: str) -> str | None:
    """Return `seg_<name>` or `ctx_<name>` for a column with that prefix, None for another."""
    prefix, end, rest = name[:3].lower(), name[3:4], name[4:].strip()
    return f"{prefix}_{rest}" if prefix in PREFIXES and end in _PREFIX_ENDS and rest else None


def likely_column(name: str, wanted: Iterable[str]) -> str | None:
    """Return the wanted column with the most similar spelling, None if none is similar."""
    columns = {plain_name(column): column for column in wanted}
    near = get_close_matches(plain_name(name), list(columns), n=1, cutoff=0.75)
    return columns[near[0]] if near else None
