"""The files of the inputs in a raw folder, and the detection of changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from scorer.errors import InputError
from scorer.inputs.raw_folder import (
    content_fingerprint,
    input_files,
    listing_fingerprint,
)


def names(files: list[Path], root: Path) -> list[str]:
    """Return paths below the root."""
    return [str(path.relative_to(root)) for path in files]


def test_every_spelling_of_an_input_is_found(tmp_path: Path) -> None:
    """An input is a file of its name, or any file below a folder of it; loose NDJSON counts."""
    for name in (
        "experience_events/2026/01.ndjson.gz",
        "experience_events/_SUCCESS.json",
        "experience_events/.hidden.ndjson",
        "experience_events/notes.txt",
        "experience_events.parquet",
        "web.jsonl",
        "displays.csv",
        "offers.ndjson",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = names(input_files(tmp_path, "experience_events"), tmp_path)
    assert found == [
        "experience_events/2026/01.ndjson.gz",
        "experience_events/notes.txt",
        "experience_events.parquet",
        "web.jsonl",
    ]
    assert names(input_files(tmp_path, "offers"), tmp_path) == ["offers.ndjson"]


def test_the_content_counts_wherever_the_files_lie(tmp_path: Path) -> None:
    """A copy has the same content fingerprint; a changed byte changes it."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    (first / "displays.csv").write_text("offer_id\no1\n")
    shutil.copytree(first, second)
    assert content_fingerprint(first) == content_fingerprint(second)
    (second / "displays.csv").write_text("offer_id\no2\n")
    assert content_fingerprint(first) != content_fingerprint(second)


def test_a_change_of_inputs_or_project_changes_the_listing(tmp_path: Path) -> None:
    """New or rewritten files and edited models change the fingerprint; dbt output does not."""
    raw, project = tmp_path / "raw", tmp_path / "project"
    raw.mkdir()
    (project / "target").mkdir(parents=True)
    (project / "model.sql").write_text("select 1")
    seen = {listing_fingerprint(raw, project)}
    (project / "target" / "model.sql").write_text("select 1")
    seen.add(listing_fingerprint(raw, project))
    assert len(seen) == 1
    (raw / "displays.csv").write_text("a")
    seen.add(listing_fingerprint(raw, project))
    os.utime(raw / "displays.csv", (1, 1))
    seen.add(listing_fingerprint(raw, project))
    (project / "model.sql").write_text("select 2")
    seen.add(listing_fingerprint(raw, project))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("log", "name"),
    [(".hoodie/hoodie.properties", "Hudi"), ("metadata/v1.metadata.json", "Iceberg")],
)
def test_tables_whose_log_deletes_rows_are_refused(tmp_path: Path, log: str, name: str) -> None:
    """Their data files may contain deleted rows, so reading them as Parquet is wrong."""
    table = tmp_path / "displays"
    (table / log).parent.mkdir(parents=True)
    (table / log).write_text("{}")
    (table / "part-0.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=f"{table} is a table in {name} format.*plain Parquet"):
        input_files(tmp_path, "displays")


def test_an_edit_that_keeps_size_and_time_changes_the_listing(tmp_path: Path) -> None:
    """A small input file counts by content too."""
    raw = tmp_path / "raw"
    raw.mkdir()
    seen = set()
    for content in ("offer_id\no1\n", "offer_id\no2\n"):
        (raw / "offers.csv").write_text(content)
        os.utime(raw / "offers.csv", (1, 1))
        seen.add(listing_fingerprint(raw, tmp_path / "project"))
    assert len(seen) == 2
