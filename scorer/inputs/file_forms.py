"""Kind of a file by its name and by its first bytes, which take precedence."""

from __future__ import annotations

import bz2
import json
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from scorer.files import NOT_JSON
from scorer.inputs.csv_text import csv_delimiter

KINDS = (".csv", ".tsv", ".parquet", ".ndjson", ".jsonl", ".json")
LINE_KINDS = (".ndjson", ".jsonl")
CSV_KINDS = (".csv", ".tsv")
TEXT_KINDS = (*CSV_KINDS, *LINE_KINDS, ".json")
ARCHIVES = (".zip", ".xlsx", ".xlsm")
# Generic suffixes: the first line shows whether the file contains records.
VAGUE_SUFFIXES = ("", ".txt", ".text", ".dat", ".data", ".log", ".dsjson", ".tab", ".psv", ".xls")
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
DAMAGED = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError)
# A JSON document is read into memory as a whole, NDJSON is not.
MAX_DOCUMENT_BYTES = 256 << 20
_HEAD = 1 << 16
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PAR1": "parquet",
    b"\xd0\xcf\x11\xe0": "ole",
}
_AS_TABLE = "save its records as Parquet or CSV"
_FOREIGN_MAGIC = {
    b"\xfd7zXZ": "is compressed with xz; unpack it, or compress it with gzip",
    b"\x04\x22\x4d\x18": "is compressed with lz4; unpack it, or compress it with gzip",
    b"7z\xbc\xaf": "is a 7z archive; unpack it",
    b"Rar!": "is a rar archive; unpack it",
    b"ORC": f"is an ORC file; {_AS_TABLE}",
    b"Obj\x01": f"is an Avro file; {_AS_TABLE}",
    b"ARROW1": f"is an Arrow file; {_AS_TABLE}",
    b"SQLite format 3": f"is a SQLite database; {_AS_TABLE}",
    b"%PDF": f"is a PDF document; {_AS_TABLE}",
}
_TAR, _TAR_PLACE = b"ustar", 257
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_ODD_FILES = {
    stat.S_ISFIFO: "is a pipe; write its content to a file",
    stat.S_ISSOCK: "is a socket; write its content to a file",
    stat.S_ISCHR: "is a device; copy its content to a file",
    stat.S_ISBLK: "is a device; copy its content to a file",
    stat.S_ISDIR: "is a folder; give it the name of an input, or move its files out of it",
}


# Names that file systems, archivers and office programs give to their own files.
_FOREIGN_NAMES = (
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "@eadir",
    "#recycle",
)
_UNFINISHED = (".crdownload", ".part", ".partial", ".filepart", ".download", ".opdownload", ".tmp")


def is_of_another_tool(name: str) -> bool:
    """Return whether a file or folder belongs to another tool by its name."""
    is_backup = name.endswith("~") or (name.startswith("#") and name.endswith("#"))
    return is_backup or name.startswith((".", "_", "~$")) or name.lower() in _FOREIGN_NAMES


class UnreadableError(Exception):
    """A file cannot be read; the message says what it is and what to do."""


class UnknownKindError(UnreadableError):
    """A file is of a kind that is not read."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "is a transfer that has not finished; transfer it again, or remove it"
            if name.lower().endswith(_UNFINISHED)
            else "is of a kind that is not read; save it as CSV, Parquet or NDJSON, or remove it"
        )


@dataclass(frozen=True)
class Form:
    """A file's kind and compression by name, and its content: a container or encoding, or text."""

    kind: str | None
    compression: str | None
    content: str


def file_kind(path: Path) -> str | None:
    """Return the kind of a file from its name, without a compression; None if it is not read."""
    suffix = Path(_without_compression(path.name)).suffix.lower()
    return suffix if suffix in KINDS or suffix in ARCHIVES else None


def _without_compression(name: str) -> str:
    return re.sub(r"\.(gz|zst|bz2)$", "", name, flags=re.IGNORECASE)


def compression_of(path: Path) -> str | None:
    """Return the compression by the name of a file: gzip, zstd, bz2 or None."""
    return COMPRESSIONS.get(path.suffix.lower())


def plain_name_of(path: Path) -> str:
    """Return the name of a file without the suffix of a compression."""
    return _without_compression(path.name)


def form_of(path: Path) -> Form:
    """Return the form of a file.

    Raises
    ------
    UnreadableError
        It is not a regular file, cannot be opened, or is of a format of another tool.
    """
    try:
        mode = path.stat().st_mode
        for is_odd, remedy in _ODD_FILES.items():
            if is_odd(mode):
                raise UnreadableError(remedy)
        if not os.access(path, os.R_OK):
            raise UnreadableError("cannot be read: permission denied; change its permissions")
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from None
    foreign = foreign_format(head)
    if foreign:
        raise UnreadableError(foreign)
    return Form(file_kind(path), compression_of(path), content_of(head))


def foreign_format(head: bytes) -> str | None:
    """Return what a file of a format that is not read is, and what to do; None for others."""
    if head[_TAR_PLACE:].startswith(_TAR):
        return "is a tar archive; unpack it"
    return next(
        (remedy for first, remedy in _FOREIGN_MAGIC.items() if head.startswith(first)), None
    )


def content_of(head: bytes) -> str:
    """Return the content of a file by its first bytes: a container, an encoding, or `text`."""
    for first, content in _MAGIC.items():
        if head.startswith(first):
            return content
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if len(head) >= 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le"
    if len(head) >= 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be"
    return "text"


def opened(path: Path, content: str) -> BinaryIO:
    """Open a file for reading its bytes; gzip, zstd and bzip2 are decompressed."""
    if content == "bz2":
        return cast(BinaryIO, bz2.open(path))
    if content == "gzip":
        import gzip

        return cast(BinaryIO, gzip.open(path))
    if content == "zstd":
        import pyarrow as pa

        # A file that Python opened, so that a damaged end raises an error instead of ending the
        # file.
        return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")


def head_of(path: Path, content: str) -> bytes:
    """Return the first bytes of a file, decompressed.

    Raises
    ------
    UnreadableError
        The file is damaged at its start.
    """
    try:
        with opened(path, content) as handle:
            return handle.read(_HEAD)
    except DAMAGED:
        raise UnreadableError(f"is a damaged {content} file; copy it again") from None


def first_lines(path: Path, content: str) -> str:
    """Return the first lines of a file, decompressed: whole ones, or the file if it has one line.

    Raises
    ------
    UnreadableError
        The file is damaged at its start.
    """
    head = head_of(path, content)
    if len(head) < _HEAD:
        return text_of(head)
    try:
        with opened(path, content) as handle:
            head = b""
            while b"\n" not in head and len(head) < MAX_DOCUMENT_BYTES:
                part = handle.read(_HEAD if not head else len(head))
                head += part
                if not part:
                    return text_of(head)
    except DAMAGED:
        raise UnreadableError(f"is a damaged {content} file; copy it again") from None
    return text_of(head[: head.rfind(b"\n") + 1])


def first_fields(head: bytes) -> set[str]:
    """Return the fields of the first JSON record of a text, or the columns of its first line."""
    text = text_of(head)
    if text[:1] in ("{", "["):
        try:
            record, _ = json.JSONDecoder().raw_decode(text.lstrip("[ \t\r\n"))
        except NOT_JSON:
            return set()
        return set(record) if isinstance(record, dict) else set()
    first = text.split("\n", 1)[0].strip()
    return {name.strip(' "') for name in first.split(csv_delimiter(first))}


def text_of(head: bytes) -> str:
    """Return the text of the first bytes of a file, without a mark and blanks before it."""
    return head.decode("utf-8-sig", errors="replace").lstrip()
