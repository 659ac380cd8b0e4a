"""Which files of a raw folder are read, and how damage is found."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.inputs.raw_folder import (
    content_fingerprint,
    find_damaged,
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
        "experience_events.parquet",
        "web.jsonl",
    ]
    assert names(input_files(tmp_path, "offers"), tmp_path) == ["offers.ndjson"]


WHOLE = gzip.compress(os.urandom(5000))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("displays.csv.gz", WHOLE[:2000], "truncated"),
        ("displays.csv.gz", b"event_ts,profile_id", "damaged"),
        ("displays.csv.gz", WHOLE[:500] + b"\x00" * 50 + WHOLE[550:], "damaged"),
        ("displays.parquet", b"PAR1 and then nothing", "not a readable Parquet file"),
        ("displays.csv", b"", "empty"),
    ],
)
def test_damage_is_found_and_named(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    """A truncated, damaged or empty file is named with what is wrong."""
    (tmp_path / name).write_bytes(content)
    found = find_damaged(tmp_path)
    assert found is not None
    assert str(tmp_path / name) in found
    assert problem in found


def test_whole_files_are_not_suspected(tmp_path: Path) -> None:
    """Readable files, and an event file of a day without events, are fine."""
    (tmp_path / "displays.csv.gz").write_bytes(WHOLE)
    (tmp_path / "events.ndjson").touch()
    pq.write_table(pa.table({"offer_id": ["a"]}), tmp_path / "offers.parquet")
    assert find_damaged(tmp_path) is None


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
