"""CSV files as people save them: what is a CSV file here is read by the dbt project, too.

The same rules as the dbt project's macros/raw/csv_dialect.sql, for what Python reads itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from scorer.errors import ConfigurationError

DELIMITERS = (",", ";", "\t", "|")
_OTHER_CONTENT = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook, not text; save the sheet as CSV UTF-8",
    b"PAR1": "is a Parquet file; rename it to end in .parquet",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the sheet as CSV UTF-8",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it, or compress it with gzip",
}


def decoded(file: Path, data: bytes) -> str:
    """Return the text of a file: UTF-8, with or without a mark, or UTF-16.

    Raises
    ------
    ConfigurationError
        The bytes are of something else; says what and what to do.
    """
    for first, remedy in _OTHER_CONTENT.items():
        if data.startswith(first):
            raise ConfigurationError(f"{file.name} {remedy}")
    if data.startswith(b"\xff\xfe"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{file.name} line {line} is not UTF-8; save it as UTF-8"
        ) from None


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
