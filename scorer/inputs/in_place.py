"""Whether the engine reads a file of an input as it is, by its name and content."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from scorer.inputs.column_names import plain_name
from scorer.inputs.file_forms import (
    CSV_KINDS,
    TEXT_KINDS,
    VAGUE_SUFFIXES,
    Form,
    UnreadableError,
    content_of,
    first_fields,
    first_lines,
    foreign_format,
    head_of,
    plain_name_of,
    text_of,
)
from scorer.inputs.foreign_exports import recognised_export
from scorer.inputs.json_records import ID_FIELDS, is_in_lines, is_json
from scorer.inputs.text_traits import BEGINNING, Traits, text_traits

SUFFIXES = {"gzip": ".gz", "zstd": ".zst"}
"""Suffixes of the compressions that the engine reads."""
_SMALLEST_PARQUET = 20


@dataclass(frozen=True)
class Aim:
    """What copies are made for: an input, in a folder; text that is not UTF-8 is of a code page.

    `depth` counts the containers that a file lies in. `is_searched` says that the line ends of the
    whole file count, not only those of its beginning.
    """

    input_name: str
    folder: Path
    code_page: str
    depth: int = 1
    is_searched: bool = False

    @property
    def is_event(self) -> bool:
        """Whether the input is experience events."""
        return self.input_name == "experience_events"

    def traits(self, path: Path, content: str) -> Traits:
        """Return the traits of a text file."""
        return text_traits(path, content, sys.maxsize if self.is_searched else BEGINNING)

    def inside(self, folder: Path | None = None) -> Aim:
        """Return the aim of what a container holds."""
        return replace(self, folder=folder or self.folder, depth=self.depth + 1)


def holds_records(path: Path, form: Form) -> bool:
    """Return whether a file whose name does not tell its kind holds data of an input."""
    if Path(plain_name_of(path)).suffix.lower() not in VAGUE_SUFFIXES:
        return False
    fields = first_fields(head_of(path, form.content)) if form.content == "text" else set()
    plain = {plain_name(field) for field in fields}
    return form.content != "text" or bool(plain & ID_FIELDS or recognised_export(fields))


def is_plain(path: Path, form: Form, aim: Aim) -> bool:
    """Return whether the engine reads a file as it is."""
    if form.content == "parquet":
        _require_end(path)
        return form.kind == ".parquet" and form.compression is None
    if form.content == "text":
        inner = head_of(path, "text")
    elif form.content == form.compression and form.content in SUFFIXES:
        inner = head_of(path, form.content)
    else:
        return False
    if content_of(inner) != "text" or form.kind not in TEXT_KINDS or foreign_format(inner):
        return False
    if form.content == "text" and form.compression is not None:
        return False
    return is_right(path, form.content, form.kind, aim)


def is_right(path: Path, content: str, kind: str | None, aim: Aim) -> bool:
    """Return whether a text is what a file of its kind is, so that the engine can read it."""
    head = head_of(path, content)
    if kind in CSV_KINDS:
        return not is_json(text_of(head)) and not aim.traits(path, content)
    return not is_table(head) and not is_document(path, content, aim)


def is_document(path: Path, content: str, aim: Aim) -> bool:
    """Return whether a text is JSON that is not one object per line."""
    return is_json(text_of(head_of(path, content))) and not is_in_lines(
        first_lines(path, content), aim.is_event
    )


def is_table(head: bytes) -> bool:
    """Return whether a text begins with the header of a CSV file of an input."""
    plain = {plain_name(field) for field in first_fields(head)}
    return head.lstrip()[:1] not in (b"{", b"[") and bool(plain & ID_FIELDS)


def _require_end(path: Path) -> None:
    """Raise for a Parquet file whose end is missing."""
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - 4))
        if size < _SMALLEST_PARQUET or handle.read() != b"PAR1":
            raise UnreadableError("is a truncated Parquet file; copy it again")
