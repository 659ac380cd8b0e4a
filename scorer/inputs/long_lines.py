"""Refuses text files with lines so long that the engine would lose them without a word."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from scorer.inputs.file_forms import (
    DAMAGED,
    TEXT_KINDS,
    UnreadableError,
    compression_of,
    file_kind,
    opened,
)

# The engine rejects lines above 128 MB one by one, and overlooks those of two of its buffers.
LONGEST_BYTES = 192 << 20
_BLOCK = 1 << 20
# Logs compress to a twentieth; what compresses more may be one long line.
_HIGH_RATIO = 50


def require_short_lines(path: Path) -> None:
    """Raise for a text file with a line of more than 192 MB.

    Of a plain file, a block is read for each 192 MB; a gzip file is read if its ratio is high.

    Raises
    ------
    UnreadableError
        The file has such a line.
    """
    stat = path.stat()
    if file_kind(path) not in TEXT_KINDS:
        return
    line = _long_line(path, stat.st_size, stat.st_mtime_ns)
    if line is not None:
        raise UnreadableError(
            f"line {line} is longer than {LONGEST_BYTES >> 20} MB; export the file again"
        )


@lru_cache(maxsize=4096)
def _long_line(path: Path, size: int, version: int) -> int | None:
    """Return the number of the first long line, None if there is none."""
    compression = compression_of(path)
    if compression is None and size > LONGEST_BYTES:
        return _long_line_of_plain(path, size)
    if compression == "gzip" and _may_be_long(path, size):
        return _long_line_of_gzip(path)
    return None


def _long_line_of_plain(path: Path, size: int) -> int | None:
    with path.open("rb") as handle:
        start = 0
        while size - start > LONGEST_BYTES:
            end = _last_line_end(handle, start, start + LONGEST_BYTES)
            if end is None:
                return 1 + _line_ends(handle, start)
            start = end
    return None


def _last_line_end(handle: BinaryIO, start: int, stop: int) -> int | None:
    """Return the place after the last line end between two places, None if there is none."""
    for place in range(stop - _BLOCK, start - _BLOCK, -_BLOCK):
        first = max(start, place)
        handle.seek(first)
        found = handle.read(place + _BLOCK - first).rfind(b"\n")
        if found >= 0:
            return first + found + 1
    return None


def _line_ends(handle: BinaryIO, stop: int) -> int:
    handle.seek(0)
    blocks = range(0, stop, _BLOCK)
    return sum(handle.read(min(_BLOCK, stop - place)).count(b"\n") for place in blocks)


def _may_be_long(path: Path, size: int) -> bool:
    """Return whether the size at the end of a gzip file allows a long line and is suspicious."""
    with path.open("rb") as handle:
        handle.seek(max(0, size - 4))
        unpacked = int.from_bytes(handle.read(4), "little")
    return unpacked > max(LONGEST_BYTES, _HIGH_RATIO * size)


def _long_line_of_gzip(path: Path) -> int | None:
    ends, length = 0, 0
    try:
        with opened(path, "gzip") as handle:
            while chunk := handle.read(_BLOCK):
                before, is_end, _ = chunk.partition(b"\n")
                if length + len(before) > LONGEST_BYTES:
                    return 1 + ends
                length = len(chunk) - chunk.rfind(b"\n") - 1 if is_end else length + len(chunk)
                ends += chunk.count(b"\n")
    except DAMAGED:
        return None
    return None
