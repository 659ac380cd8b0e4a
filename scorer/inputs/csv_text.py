"""Encodings and delimiters of CSV files, as in the dbt project.

Follows the rules of macros/raw/csv_dialect.sql, for files that Python reads.
"""

from __future__ import annotations

import re

from scorer.errors import ConfigurationError

DELIMITERS = (",", ";", "\t", "|")


def decoded(source: str, data: bytes) -> str:
    """Return the text of a file, named `source`, in UTF-8, with or without a mark.

    Raises
    ------
    ConfigurationError
        The bytes are not UTF-8; the message names the line.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{source} line {line} is not UTF-8; save it as UTF-8") from None


def separator_line(content: str) -> tuple[int, str | None]:
    """Return 1 and the delimiter if the first line is `sep=;`, as Excel writes it, else 0."""
    first = content.split("\n", 1)[0].strip().strip('"')
    if re.fullmatch(r"sep=.?", first, re.IGNORECASE):
        return 1, first[4:5] or "\t"
    return 0, None


def csv_delimiter(content: str) -> str:
    """Return the usual delimiter that is most frequent in the header outside of quotes."""
    header = content.lstrip().split("\n", 1)[0]
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)
