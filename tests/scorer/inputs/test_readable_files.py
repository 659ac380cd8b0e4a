"""Files are read directly, read as copies, or refused with a reason."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import random
import socket
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.config import Settings
from scorer.errors import InputError
from scorer.inputs import in_place, text_traits
from scorer.inputs.damaged_files import MIXED_LINE_ENDS, damage_of
from scorer.inputs.readable_files import readable_files, set_damaged_aside

CSV = b"event_ts,profile_id,offer_id\n2026-11-20,p,a\n"
NDJSON = b'{"event_ts": "2026-11-20", "profile_id": "p", "offer_id": "a"}\n'


UMLAUTS = "event_ts;profile_id;offer_id;ctx_city\n2026-11-20;Käthe „K“;a;12 €\n"
NOISE = random.Random(0).randbytes(200_000)


def gz(data: bytes) -> bytes:
    """Compress without the time, so that names of test cases are the same in every process."""
    return gzip.compress(data, mtime=0)


def zipped(**members: bytes) -> bytes:
    """Return a zip archive of members, named with `__` for the point."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def parquet() -> bytes:
    """Return a Parquet file of one display."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"event_ts": ["2026-11-20"], "offer_id": ["a"]}), buffer)
    return buffer.getvalue()


def zstd(data: bytes) -> bytes:
    """Return data compressed with zstd."""
    return pa.Codec("zstd").compress(data, asbytes=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with an empty raw folder."""
    (tmp_path / "raw").mkdir()
    return Settings(home=tmp_path / "home", as_of=datetime(2026, 11, 22), raw=tmp_path / "raw")


def copies(settings: Settings, name: str, content: bytes, input_name: str = "displays") -> dict:
    """Return {name: content} of the files that are read for a file of the raw folder."""
    (settings.raw / name).write_bytes(content)
    found = readable_files(settings)
    assert found.refused == []
    return {path.name: path.read_bytes() for path in found.files[input_name]}


@pytest.mark.parametrize(
    ("name", "content", "read_as"),
    [
        ("displays.csv", CSV, {"displays.csv": CSV}),
        ("DISPLAY.CSV", CSV, {"DISPLAY.CSV": CSV}),
        ("displays.tsv.zst", zstd(CSV), {"displays.tsv.zst": zstd(CSV)}),
        ("displays.csv.bz2", bz2.compress(CSV), {"displays.csv": CSV}),
        ("displays.csv", bz2.compress(CSV), {"displays.csv": CSV}),
        ("displays.csv.gz", CSV, {"displays.csv": CSV}),
        ("displays.ndjson", gz(NDJSON), {"displays.ndjson.gz": gz(NDJSON)}),
        ("displays.ndjson.gz", zstd(NDJSON), {"displays.ndjson.zst": zstd(NDJSON)}),
        ("displays.json.gz", gz(b"[" + NDJSON + b"]"), {"displays.json": NDJSON}),
        ("displays.csv", parquet(), {"displays.csv.parquet": parquet()}),
        ("displays.parquet.gz", gz(parquet()), {"displays.parquet": parquet()}),
        ("displays.parquet", CSV, {"displays.parquet.csv": CSV}),
        ("displays.csv", NDJSON, {"displays.csv.ndjson": NDJSON}),
        ("displays.csv.gz", gz(NDJSON), {"displays.csv.ndjson": NDJSON}),
        ("displays.txt", CSV, {"displays.txt.csv": CSV}),
        ("displays.dat", zstd(NDJSON), {"displays.dat.ndjson": NDJSON}),
        ("displays.csv", CSV.decode().encode("utf-16"), {"displays.csv": CSV}),
        ("displays.csv", CSV.decode().encode("utf-16-be"), {"displays.csv": CSV}),
        ("displays.csv", CSV.decode().encode("utf-32"), {"displays.csv": CSV}),
        ("displays.csv.gz", gz(CSV.decode().encode("utf-16")), {"displays.csv": CSV}),
        ("displays.zip", zipped(a__csv=CSV, b__ndjson=NDJSON), {"a.csv": CSV, "b.ndjson": NDJSON}),
        ("displays.csv", zipped(a__csv=CSV), {"a.csv": CSV}),
        ("displays.zip", zipped(a__csv__gz=bz2.compress(CSV)), {"a.csv": CSV}),
        ("displays.csv", UMLAUTS.encode("cp1252"), {"displays.csv": UMLAUTS.encode()}),
        ("displays.csv.gz", gz(UMLAUTS.encode("cp1252")), {"displays.csv": UMLAUTS.encode()}),
        ("displays.txt", UMLAUTS.encode("cp1252"), {"displays.txt.csv": UMLAUTS.encode()}),
        ("displays.csv", CSV + CSV.replace(b"\n", b"\r\n"), {"displays.csv": CSV + CSV}),
        (
            "displays.csv",
            CSV.replace(b"\n", b"\r\n"),
            {"displays.csv": CSV.replace(b"\n", b"\r\n")},
        ),
        (
            "displays.ndjson",
            b"[\n" + NDJSON + b"]\n",
            {"displays.ndjson": b"\n" + NDJSON},
        ),
        (
            "displays.jsonl.gz",
            gz(b"[" + NDJSON + b"]"),
            {"displays.jsonl": NDJSON},
        ),
        ("displays.ndjson", NDJSON.strip() * 2, {"displays.ndjson": NDJSON * 2}),
        ("displays.json", NDJSON.decode().encode("utf-16"), {"displays.json": NDJSON}),
        ("displays.zip", zipped(a__csv=UMLAUTS.encode("cp1252")), {"a.csv": UMLAUTS.encode()}),
        ("displays.csv", UMLAUTS.encode() + b"\xff", {"displays.csv": UMLAUTS.encode() + b"\xff"}),
        ("displays.zip", zipped(a__csv=CSV.decode().encode("utf-16")), {"a.csv": CSV}),
        ("displays.ndjson", CSV, {"displays.ndjson.csv": CSV}),
        ("displays.json.gz", gz(CSV), {"displays.json.csv": CSV}),
        ("displays.csv", b"[" + NDJSON + b"]", {"displays.csv.ndjson": NDJSON}),
        ("displays.xls", CSV, {"displays.xls.csv": CSV}),
        ("displays", CSV, {"displays.csv": CSV}),
        (
            "displays.csv",
            CSV.replace(b"\n", b"\r\r\n"),
            {"displays.csv": CSV.replace(b"\n", b"\n\n")},
        ),
    ],
)
def test_a_file_is_read_by_its_content(
    settings: Settings, name: str, content: bytes, read_as: dict
) -> None:
    """Archives, compressions, encodings and wrong names end in plain files of the same records."""
    found = copies(settings, name, content)
    assert found == read_as
    assert copies(settings, name, content) == found


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.zip", b"PK\x03\x04", "damaged zip archive or workbook"),
        ("x.xlsx", zipped(a__csv=CSV)[:-30], "damaged zip archive or workbook"),
        ("x.zip", zipped(a__zip=zipped(b__csv=CSV)), "archive inside an archive"),
        ("x.zip", zipped(notes__pdf=b"x"), "archive without a CSV"),
        ("x.csv.gz", gz(gz(bz2.compress(CSV))), "compressed several times"),
        ("x.xls", b"\xd0\xcf\x11\xe0rest", "old or a protected Excel workbook"),
        ("x.xls", b"<html><table>", "is of a kind that is not read"),
        ("x.xlsx", zipped(content__xml=b"x"), "spreadsheet of a kind that is not read"),
        ("x.csv", b"\xfd7zXZ\0", "compressed with xz; unpack it"),
        ("x.avro", b"Obj\x01", "Avro file; save its records as Parquet"),
        ("x.csv.gz", gz(b"a,b".ljust(257, b"\0") + b"ustar"), "tar archive; unpack it"),
        ("x.csv", b"\xd0\xcf\x11\xe0rest", "old or a protected Excel workbook"),
        ("x.parquet", parquet()[:-9], "truncated Parquet file"),
        ("x.parquet", b"", "is empty"),
        ("x.csv.bz2", bz2.compress(CSV)[:20], "damaged"),
        ("x.csv.gz", b"\x1f\x8bnothing", "is a damaged gzip file"),
        ("x.json.gz", gz(CSV * 999)[:-20], "damaged gzip file"),
        ("x.csv", b"\xff\xfea\x00\x00", "damaged UTF-16 text"),
        ("x.pdf", b"%PDF", "is a PDF document"),
        ("x.txt", b"Notes on this export\n", "is of a kind that is not read"),
        ("x.csv.bak", CSV, "is of a kind that is not read"),
    ],
)
def test_a_file_that_cannot_be_read_is_set_aside(
    settings: Settings, name: str, content: bytes, reason: str
) -> None:
    """The other files of a log are read; the refused one is named with what is wrong."""
    folder = settings.raw / "displays"
    folder.mkdir()
    (folder / "good.csv").write_bytes(CSV)
    (folder / name).write_bytes(content)
    found = readable_files(settings)
    assert found.files["displays"] == [folder / "good.csv"]
    ((source_file, text),) = [(file.source_file, file.reason) for file in found.refused]
    assert source_file == f"displays/{name}"
    assert reason in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("capping_rules.zip", b"PK\x03\x04"),
        ("Eligibility Rule.xlsx", b"PK\x03\x04"),
        ("segment-memberships.pdf", b"%PDF"),
        ("capping_rules.csv.gz", b"\x1f\x8bnothing"),
    ],
)
def test_an_unreadable_file_that_restricts_offers_stops_the_run(
    settings: Settings, name: str, content: bytes
) -> None:
    """Rules and memberships are read completely, or the run does not start."""
    (settings.raw / "displays.csv").write_bytes(CSV)
    (settings.raw / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        readable_files(settings)


def test_a_log_of_which_nothing_can_be_read_stops_the_run(settings: Settings) -> None:
    """Without any readable display the error names the file and the reason."""
    (settings.raw / "displays.csv").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"displays\.csv cannot be read: No such file"):
        readable_files(settings)


def test_pipes_sockets_and_folders_are_not_opened(settings: Settings) -> None:
    """The run does not wait for a pipe; anything that is not a file is set aside with a remedy."""
    folder = settings.raw / "displays"
    folder.mkdir()
    (folder / "good.csv").write_bytes(CSV)
    os.mkfifo(folder / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(folder)
        try:
            listening.bind("socket.csv")
        finally:
            os.chdir(here)
        (folder / "null.csv").symlink_to("/dev/null")
        (folder / "empty.csv").mkdir()
        os.mkfifo(settings.raw / "web.ndjson")
        found = readable_files(settings)
    assert found.files["displays"] == [folder / "good.csv"]
    assert {file.source_file: file.reason.split(";")[0] for file in found.refused} == {
        "displays/empty.csv": "is a folder",
        "displays/null.csv": "is a device",
        "displays/pipe.csv": "is a pipe",
        "displays/socket.csv": "is a socket",
        "web.ndjson": "is a pipe",
    }


def test_an_archive_is_of_one_input(settings: Settings) -> None:
    """A member of another input, and a text without records, are named and not read."""
    members = zipped(displays__csv=CSV, offers__csv=b"offer_id\na\n", readme__txt=b"Hello")
    (settings.raw / "displays.zip").write_bytes(members)
    found = readable_files(settings)
    assert [file.name for file in found.files["displays"]] == ["displays.csv"]
    reasons = {each.source_file: each.reason for each in found.refused}
    assert "has the name of another input, offers" in reasons.pop("displays.zip/offers.csv")
    assert "is of a kind that is not read" in reasons.pop("displays.zip/readme.txt")
    assert not reasons


@pytest.mark.parametrize("name", ["ga4.json", "events_20261120/000.json", "log.dsjson"])
def test_an_export_under_another_name_is_named_with_its_recipe(
    settings: Settings, name: str
) -> None:
    """An export in the raw folder is recognised whatever its name, without stopping the run."""
    (settings.raw / "displays.csv").write_bytes(CSV)
    (settings.raw / name).parent.mkdir(exist_ok=True)
    fields = "event_timestamp", "event_name", "user_pseudo_id"
    if name == "log.dsjson":
        fields = "_label_probability", "_labelIndex", "a", "c", "p"
    (settings.raw / name).write_text(json.dumps(dict.fromkeys(fields, 1)) + "\n")
    ((source_file, reason),) = [
        (each.source_file, each.reason) for each in readable_files(settings).refused
    ]
    assert source_file == name
    assert "docs/recipes/" in reason


def test_copies_follow_their_source(settings: Settings) -> None:
    """A copy is written again when its source changes, and removed with it."""
    source = settings.raw / "displays.csv.bz2"
    source.write_bytes(bz2.compress(CSV))
    (first,) = readable_files(settings).files["displays"]
    before = first.stat()
    assert readable_files(settings).files["displays"][0].stat().st_ino == before.st_ino
    source.write_bytes(bz2.compress(CSV * 2))
    (second,) = readable_files(settings).files["displays"]
    assert second.read_bytes() == CSV * 2
    written = second.stat()
    data, moment = source.read_bytes(), source.stat().st_mtime_ns
    other = bz2.compress(CSV * 2, 1)
    assert len(other) == len(data)
    source.write_bytes(other)
    os.utime(source, ns=(moment, moment))
    (second,) = readable_files(settings).files["displays"]
    assert second.stat().st_mtime_ns != written.st_mtime_ns
    source.rename(settings.raw / "offers.csv.bz2")
    found = readable_files(settings)
    assert found.files["displays"] == []
    assert not second.exists()


def test_a_member_cannot_leave_its_folder(settings: Settings) -> None:
    """Members of an archive with `..` or an absolute path stay in the folder of copies."""
    hostile = {"../../evil.csv": CSV, "/etc/evil.csv": CSV, "a\\b.csv": CSV, "a/b.csv": CSV}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in hostile.items():
            archive.writestr(name, content)
    (settings.raw / "displays.zip").write_bytes(buffer.getvalue())
    files = readable_files(settings).files["displays"]
    inside = settings.copies_dir / "displays.zip"
    assert all(inside in file.resolve().parents for file in files)
    assert not (settings.home.parent / "evil.csv").exists()


def workbook(path: Path, *sheets: tuple[str, list[list[object]]]) -> None:
    """Write a workbook with sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_a_sheet_is_read_with_the_numbers_of_its_rows(settings: Settings) -> None:
    """Titles and blank rows are skipped, values become text, row n is line n."""
    rows = [
        ["Catalogue of autumn"],
        [],
        ["Offer ID", "status", "priority", "start_date", "is_fallback"],
        [7.0, "approved", 3, datetime(2026, 11, 1), True],
        [],
        ["b", "two\nlines", "007", datetime(2026, 11, 1, 9, 30), None],
    ]
    workbook(settings.raw / "Offers.xlsx", ("Notes", [["x"]]), ("Offer", rows))
    found = readable_files(settings)
    (file,) = found.files["offers"]
    assert file.read_text().splitlines() == [
        "",
        "",
        "",
        '{"Offer ID": "7", "status": "approved", "priority": "3",'
        ' "start_date": "2026-11-01 00:00:00", "is_fallback": "true"}',
        "",
        '{"Offer ID": "b", "status": "two\\nlines", "priority": "007",'
        ' "start_date": "2026-11-01 09:30:00"}',
    ]
    assert [(part.source_file, part.reason) for part in found.refused] == [
        ("Offers.xlsx/sheet Notes", "is another sheet than the one that is read")
    ]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([["offer_id", "status"], ["a", "=1+1"]], "formula without a stored value in cell B2"),
        ([["offer_id", "Offer_ID"], ["a", "b"]], "names column offer_id twice in row 1"),
        (
            [["offer_id", "status", None], ["a", "b", "c"]],
            "has a value in row 2 in a column without a name",
        ),
        ([], "without a filled sheet"),
    ],
)
def test_a_sheet_with_two_meanings_is_refused(
    settings: Settings, rows: list[list[object]], reason: str
) -> None:
    """The error for a formula without a value, or a repeated or missing name, states the place."""
    workbook(settings.raw / "offers.xlsx", ("Sheet1", rows))
    with pytest.raises(InputError, match=reason):
        readable_files(settings)


def test_a_delta_table_is_read_as_its_current_snapshot(settings: Settings) -> None:
    """Deleted rows are left out, and partition columns have the values of the snapshot."""
    from deltalake import DeltaTable, write_deltalake

    rows = pa.table({"offer_id": ["a", "b", "c"], "status": ["live", "live", "ended"]})
    write_deltalake(str(settings.raw / "offers"), rows, partition_by=["status"])
    DeltaTable(str(settings.raw / "offers")).delete("offer_id = 'a'")
    (file,) = readable_files(settings).files["offers"]
    assert sorted(pq.read_table(file).to_pylist(), key=str) == [
        {"offer_id": "b", "status": "live"},
        {"offer_id": "c", "status": "ended"},
    ]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("displays.csv.gz", gz(NOISE)[:150_000], "truncated gzip"),
        ("displays.csv.gz", gz(NOISE)[:-9] + b"\0" * 9, "damaged gzip"),
        ("displays.csv.zst", zstd(NOISE)[:150_000], "zstd"),
        ("displays.parquet", parquet().replace(b"\x15", b"\x16"), "not a readable Parquet file"),
        ("displays.csv", b"", "empty"),
        ("displays.csv.gz", gz(CSV), None),
        ("displays.csv.zst", zstd(CSV), None),
        ("events.ndjson", b"", None),
        ("offers.parquet", parquet(), None),
    ],
    ids=(
        "cut gzip",
        "gzip sum",
        "cut zstd",
        "parquet",
        "empty",
        "gz",
        "zst",
        "no events",
        "offers",
    ),
)
def test_damage_is_found_and_kept_in_mind(
    settings: Settings, name: str, content: bytes, problem: str | None
) -> None:
    """Damage inside a file is found by reading it, and the file is refused from then on."""
    file = settings.raw / name
    file.write_bytes(content)
    (settings.raw / "events.jsonl").write_bytes(NDJSON)
    found = damage_of(file)
    assert found is None if problem is None else problem in (found or "")
    assert set_damaged_aside(settings) == ({} if found is None else {file: found})
    assert [each.reason for each in readable_files(settings).refused] == ([found] if found else [])


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_line_ends_that_change_late_are_found_after_a_failure(
    settings: Settings, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the beginning of a large file is searched; after a failure, a copy is read."""
    late = CSV * 10 + CSV.replace(b"\n", b"\r\n")
    file = settings.raw / f"displays.csv{suffix}"
    file.write_bytes(gz(late) if suffix else late)
    monkeypatch.setattr(in_place, "BEGINNING", 10)
    monkeypatch.setattr(text_traits, "_CHUNK", 8)
    assert readable_files(settings).files["displays"] == [file]
    assert set_damaged_aside(settings) == {file: MIXED_LINE_ENDS}
    found = readable_files(settings)
    (copy,) = found.files["displays"]
    assert (copy.read_bytes(), found.refused) == (CSV * 11, [])
    assert set_damaged_aside(settings) == {}


def test_text_that_is_not_utf8_is_of_the_stated_code_page(settings: Settings) -> None:
    """Bytes that are not UTF-8 are decoded as cp1252, else as stated, and the file is named."""
    text = UMLAUTS.replace("Käthe", "Łucja")
    (settings.raw / "displays.csv").write_bytes(text.replace("€", "zł").encode("cp1250"))
    stated = replace(settings, code_page="cp1250")
    for each, word, name in ((settings, "£ucja", "cp1252"), (stated, "Łucja", "cp1250")):
        found = readable_files(each)
        (file,) = found.files["displays"]
        assert word in file.read_text(encoding="utf-8")
        assert found.decoded == [("displays", "displays.csv", name)]


def test_bytes_that_the_code_page_lacks_refuse_the_file(settings: Settings) -> None:
    """A byte without a meaning in cp1252 shows that the text is of another code page."""
    (settings.raw / "displays.csv").write_bytes(CSV + b"2026-11-20,\x81,a\n")
    with pytest.raises(InputError, match=r"neither UTF-8 nor cp1252.*code_page"):
        readable_files(settings)


@pytest.mark.parametrize("name", ["Thumbs.db", "~$a.xlsx", "._a.csv", "@eaDir", "_SUCCESS"])
def test_files_of_other_tools_are_left_out(settings: Settings, name: str) -> None:
    """What file systems and office programs leave beside the files is neither read nor refused."""
    folder = settings.raw / "displays"
    folder.mkdir()
    (folder / "a.csv").write_bytes(CSV)
    (folder / name).write_bytes(b"\0\1\2")
    (folder / "part.zip").write_bytes(zipped(b__csv=CSV, **{name.replace(".", "__"): b"\0"}))
    found = readable_files(settings)
    assert [file.name for file in found.files["displays"]] == ["a.csv", "b.csv"]
    assert found.refused == []


def test_an_unfinished_transfer_is_named(settings: Settings) -> None:
    """A browser's partial file is set aside with what to do."""
    (settings.raw / "displays.csv").write_bytes(CSV)
    (settings.raw / "displays.csv.crdownload").write_bytes(CSV)
    (refused,) = readable_files(settings).refused
    assert refused.reason.startswith("is a transfer that has not finished")


@pytest.mark.parametrize(
    "name",
    [
        *("offers.csv", "eligibility_rules.csv", "Capping-Rules.parquet", "segment_memberships"),
        *("ranking_strategies.csv", "strategy_offers/inner", "displays.csv"),
    ],
)
def test_a_folder_without_files_does_not_pass_for_an_input(settings: Settings, name: str) -> None:
    """An empty folder of rules, offers or strategies, or with the name of a file, stops the run."""
    (settings.raw / name).mkdir(parents=True)
    with pytest.raises(InputError, match=f"{name.split('/')[0]} is a folder without a file"):
        readable_files(settings)


def test_an_empty_folder_of_logs_is_reported_beside_other_logs(settings: Settings) -> None:
    """With the name of a file it is refused; without, it holds no days yet."""
    (settings.raw / "displays.csv").mkdir()
    (settings.raw / "experience_events").mkdir()
    (settings.raw / "web.ndjson").write_bytes(NDJSON)
    (refused,) = readable_files(settings).refused
    assert refused.source_file == "displays.csv"
