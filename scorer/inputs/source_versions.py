"""Versions of the files that copies are made of."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from scorer.inputs.delta_tables import LOG

_EDGE = 4 << 10


def source_version(path: Path) -> str:
    """Return a value that changes when a file, or the log of a Delta table, is written again.

    It is made of size, modification time and the first and last 4 KB. Archives and workbooks have
    checksums at their end.
    """
    newest = newest_file(path)
    stat = newest.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}-{edges(newest)}"


def edges(path: Path) -> int:
    """Return a checksum of the first and last bytes of a file; 0 for a pipe, which would block."""
    if not path.is_file():
        return 0
    with path.open("rb") as handle:
        head = handle.read(_EDGE)
        handle.seek(max(handle.tell(), handle.seek(0, os.SEEK_END) - _EDGE))
        return zlib.crc32(head + handle.read())


def newest_file(path: Path) -> Path:
    """Return a file itself, the newest entry of the log for a Delta table."""
    if not path.is_dir():
        return path
    return max((entry for entry in (path / LOG).iterdir() if entry.is_file()), key=lambda e: e.name)
