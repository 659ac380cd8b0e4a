"""Exports of other tools that a recipe turns into displays: recognised by their fields."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from scorer.errors import InputError
from scorer.inputs.column_names import plain_name
from scorer.inputs.file_forms import (
    UnreadableError,
    compression_of,
    file_kind,
    first_fields,
    head_of,
)

RECIPES = "docs/recipes"
# Files without the name of an input that are looked at.
_MOST_FILES = 50


@dataclass(frozen=True)
class Export:
    """An export: its name, the fields that all of its records have, and its recipe."""

    name: str
    fields: frozenset[str]
    recipe: str

    @property
    def remedy(self) -> str:
        """What a file of the export is, and what to do with it."""
        return (
            f"is {self.name}; turn it into displays with {RECIPES}/{self.recipe}.sql"
            " and take it out of the raw folder"
        )


EXPORTS = tuple(
    Export(name, frozenset(map(plain_name, fields.split())), recipe)
    for name, fields, recipe in (
        ("a VW or Personalizer log (dsjson)", "_label_probability _labelIndex a c p", "vw_dsjson"),
        ("a GA4 export of BigQuery", "event_timestamp event_name user_pseudo_id", "ga4"),
        ("an Amazon Personalize data set", "USER_ID ITEM_ID TIMESTAMP", "amazon_personalize"),
        ("a table of Snowplow events", "collector_tstamp event_id domain_userid", "snowplow"),
        ("a log of Segment track calls", "messageId type", "segment"),
    )
)


def require_own_format(file: Path, input_name: str) -> None:
    """Raise if a file of displays or events is an export that a recipe turns into displays.

    Raises
    ------
    InputError
        Names the file, the export and the recipe.
    """
    if input_name not in ("displays", "experience_events"):
        return
    export = recognised_export(_fields(file))
    if export:
        raise InputError(f"{file} {export.remedy}")


def exports_among(entries: Iterable[Path]) -> Iterator[tuple[Path, Export]]:
    """Yield the exports among files, and among the files of folders."""
    files = (
        file
        for entry in entries
        for file in (sorted(entry.rglob("*")) if entry.is_dir() else [entry])
        if file.is_file() and os.access(file, os.R_OK)
    )
    for file in islice(files, _MOST_FILES):
        with suppress(UnreadableError):
            export = recognised_export(_fields(file))
            if export:
                yield file, export


def recognised_export(fields: set[str]) -> Export | None:
    """Return the export whose records have these fields, None if none is known."""
    present = {plain_name(field) for field in fields}
    if {"profileid", "offerid"} <= present:
        return None
    return next((export for export in EXPORTS if export.fields <= present), None)


def _fields(file: Path) -> set[str]:
    """Return the columns of a file, or the fields of its first record."""
    if file_kind(file) == ".parquet":
        import pyarrow.parquet as pq

        try:
            return set(pq.read_schema(file).names)
        except (OSError, ValueError):
            return set()
    return first_fields(head_of(file, compression_of(file) or "text"))
