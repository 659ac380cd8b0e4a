"""Finds what only reading a whole file reveals, after a failure, and remembers it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from scorer.files import read_json, write_json
from scorer.inputs.file_forms import (
    CSV_KINDS,
    DAMAGED,
    UnreadableError,
    content_of,
    file_kind,
    head_of,
    opened,
)
from scorer.inputs.source_versions import source_version
from scorer.inputs.text_traits import text_traits

MIXED_LINE_ENDS = "ends its lines in two ways, CR LF and LF; a copy with one of them is read"
_LIST = "damaged.json"
_CHUNK = 1 << 20


def known_damage(folder: Path) -> dict[Path, str]:
    """Return what is wrong with the files that were found to be damaged and have not changed
    since."""
    kept = read_json(folder / _LIST) or {}
    return {
        Path(file): entry["reason"]
        for file, entry in kept.items()
        if Path(file).exists() and source_version(Path(file)) == entry["version"]
    }


def remember_damage(folder: Path, sources: Mapping[Path, Path]) -> dict[Path, str]:
    """Read files to their end; store and return what is wrong with the sources of damaged ones."""
    known = known_damage(folder)
    found = {}
    for file, source in sources.items():
        problem = damage_of(file)
        if problem and source not in known:
            found[source] = problem
    if found:
        entries = {
            str(file): {"reason": reason, "version": source_version(file)}
            for file, reason in {**known, **found}.items()
        }
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / _LIST, entries)
    return found


def damage_of(path: Path) -> str | None:
    """Return what is wrong with a file and what to do, None if it can be read to its end.

    A file with mixed line ends is not damaged, but only a copy of it can be read.
    """
    try:
        content = content_of(head_of(path, "text"))
        if content == "parquet":
            return _parquet_damage(path)
        if file_kind(path) in CSV_KINDS and not head_of(path, content).strip():
            return "is empty; a CSV file needs a header"
        if content in ("gzip", "zstd", "bz2"):
            with opened(path, content) as handle:
                while handle.read(_CHUNK):
                    pass
        if (
            file_kind(path) in CSV_KINDS
            and text_traits(path, content, sys.maxsize).has_mixed_line_ends
        ):
            return MIXED_LINE_ENDS
    except UnreadableError as error:
        return str(error)
    except EOFError:
        return "is a truncated gzip file; copy it again"
    except DAMAGED as error:
        what = "truncated" if "truncated" in str(error).lower() else "damaged"
        return f"is a {what} {content} file; copy it again"
    return None


def _parquet_damage(path: Path) -> str | None:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        for _ in file.iter_batches():
            pass
    except (OSError, ValueError) as error:
        return f"is not a readable Parquet file: {str(error).splitlines()[0]}; copy it again"
    return None
