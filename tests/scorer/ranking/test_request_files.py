"""Files of requests: flags are read as in the batch, ids stay as written."""

from __future__ import annotations

import bz2
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError
from scorer.progress import Silent
from scorer.ranking.request_files import rank_file, read_requests
from scorer.warehouse.build_state import CycleState, save_state, set_current_cycle

FLAGS = {
    "true": True,
    "TRUE": True,
    "1": True,
    "1.0": True,
    "false": False,
    "False": False,
    "0": False,
    "0.0": False,
    "": False,
    "maybe": None,
    "2": None,
}


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json", "parquet"])
def test_segment_cells_follow_one_rule(tmp_path: Path, kind: str) -> None:
    """A value that is not a flag is missing; the file is not refused."""
    file = tmp_path / f"requests.{kind}"
    records = [{"request_id": f"r{i}", "seg_a": cell} for i, cell in enumerate(FLAGS)]
    if kind == "csv":
        lines = ["request_id,seg_a", *(f"{r['request_id']},{r['seg_a']}" for r in records)]
        file.write_text("\n".join(lines) + "\n")
    elif kind == "json":
        file.write_text(json.dumps(records))
    else:
        text = tmp_path / "text.ndjson"
        text.write_text("".join(json.dumps(record) + "\n" for record in records))
        if kind == "parquet":
            duckdb.sql(f"copy (from read_json('{text}')) to '{file}'")
        else:
            text.rename(file)
    table = read_requests(file).sort_by("request_id").to_pydict()
    expected = {f"r{i}": flag for i, flag in enumerate(FLAGS.values())}
    assert dict(zip(table["request_id"], table["seg_a"], strict=True)) == expected


@pytest.mark.parametrize("cell", [True, 1, 1.0])
def test_json_flags_need_not_be_text(tmp_path: Path, cell: object) -> None:
    """Booleans and numbers are read like text."""
    file = tmp_path / "requests.ndjson"
    file.write_text(json.dumps({"request_id": "r", "seg_a": cell, "seg_b": None}) + "\n")
    (row,) = read_requests(file).to_pylist()
    assert (row["seg_a"], row["seg_b"]) == (True, False)


@pytest.mark.parametrize(
    "identifier",
    ["6F9619FF-8B86-D011-B42D-00C04FC964FF", "2026-1-5", "2026-01-05T10:00:00Z", "007", "1e3"],
)
def test_ids_of_json_keep_their_text(tmp_path: Path, identifier: str) -> None:
    """Ids that look like UUIDs, dates or numbers stay as written; lists stay lists."""
    file = tmp_path / "requests.ndjson"
    record = {"request_id": identifier, "profile_id": identifier, "offer_ids": [identifier]}
    file.write_text(json.dumps(record) + "\n")
    assert read_requests(file).to_pylist() == [record]


REQUESTS = "Request ID;profile_id;ctx_city;seg_vip\nr1;7.0;Köln;ja\n"
ROW = {"request_id": "r1", "profile_id": "7", "ctx_city": "Köln", "seg_vip": True}


def workbook() -> bytes:
    """Return the requests as an Excel workbook."""
    book = openpyxl.Workbook()
    for line in REQUESTS.splitlines():
        book.active.append(line.split(";"))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def archive() -> bytes:
    """Return the requests in a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as members:
        members.writestr("requests.csv", REQUESTS)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("requests.csv", REQUESTS.encode("cp1252")),
        ("requests.csv", REQUESTS.encode("utf-16")),
        ("requests.csv", ("sep=;\n" + REQUESTS).encode("utf-8-sig")),
        ("requests.tsv", REQUESTS.replace(";", "\t").encode()),
        ("requests.csv.bz2", bz2.compress(REQUESTS.encode())),
        ("requests.txt", REQUESTS.replace(";", " | ").encode()),
        ("requests.zip", archive()),
        ("requests.xlsx", workbook()),
    ],
)
def test_requests_have_the_forms_of_inputs(tmp_path: Path, name: str, content: bytes) -> None:
    """Archives, workbooks, delimiters and encodings are read as those of other inputs."""
    (tmp_path / name).write_bytes(content)
    assert read_requests(tmp_path / name).to_pylist() == [ROW]


@pytest.mark.parametrize(
    ("delimiter", "cells", "read"),
    [
        (";", ["2,5", "NA", "1.234,5"], ["2.5", None, "1234.5"]),
        (";", ["2,5", "3.5"], ["2,5", "3.5"]),
        (";", ["2,5", "3 rooms"], ["2,5", "3 rooms"]),
        (",", ['"2,5"', "3"], ["2,5", "3"]),
    ],
)
def test_context_has_decimal_commas_as_in_displays(
    tmp_path: Path, delimiter: str, cells: list[str], read: list[str | None]
) -> None:
    """A column of numbers with decimal commas is read as numbers if no comma separates fields."""
    file = tmp_path / "requests.csv"
    rows = [f"r{n}{delimiter}{cell}" for n, cell in enumerate(cells)]
    file.write_text("\n".join([f"request_id{delimiter}ctx_age", *rows]) + "\n")
    assert read_requests(file).to_pydict()["ctx_age"] == read


def test_broken_json_is_an_input_error(tmp_path: Path) -> None:
    """The error for a line that is not JSON names the file."""
    file = tmp_path / "requests.ndjson"
    file.write_text('{"request_id": "r"}\n{"request_id": \n')
    with pytest.raises(InputError, match=r"requests\.ndjson: cannot be read"):
        read_requests(file)


def test_requests_need_the_features_of_the_last_cycle(tmp_path: Path) -> None:
    """A build without finished features is refused."""
    settings = Settings(home=tmp_path, as_of=datetime(2026, 1, 4))
    as_of = settings.as_of.isoformat()
    save_state(settings.cycles_dir, CycleState(as_of=as_of, fingerprint="x"))
    set_current_cycle(settings.cycles_dir, as_of)
    file = tmp_path / "requests.csv"
    file.write_text("request_id,profile_id\nr,p\n")
    with pytest.raises(ConfigurationError, match="has not finished features"):
        rank_file(settings, (file, tmp_path / "out.csv"), True, Silent())
