"""Inputs as users provide them: every case gives the answer that is listed here."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.commands import run_command
from tests.support.paths import CASES
from tests.support.pipeline_runs import build, build_rows

pytestmark = pytest.mark.skipif(not CASES.exists(), reason=f"the cases are not at {CASES}")

AUTUMN, SUMMER = "2026-11-22", "2026-09-20"
TABLES = "+rejected_events +fct_displays +dim_offers"
COUNTS = """
select
    count(*),
    count(*) filter (where is_clicked),
    count(propensity)
from fct_displays
"""
# Case -> as-of, displays, clicks, known propensities.
READ = {
    "title_header": (AUTUMN, 12, 1, 12),
    "csv_newline": (AUTUMN, 2, 1, 0),
    "gz_noext": (AUTUMN, 12, 1, 12),
    "excel_sep": (AUTUMN, 12, 1, 12),
    "utf16": (AUTUMN, 12, 1, 12),
    "csv_space": (AUTUMN, 12, 1, 12),
    "pipe": (AUTUMN, 12, 1, 12),
    "zip": (AUTUMN, 40, 3, 40),
    "seg_yn": (AUTUMN, 12, 1, 12),
    "pg_bool": (AUTUMN, 12, 1, 12),
    "null_marks": (AUTUMN, 12, 1, 12),
    "nan_only": (AUTUMN, 3, 1, 2),
    "epoch_ms": (AUTUMN, 12, 1, 12),
    "leftovers": (AUTUMN, 12, 1, 12),
    "clicked_header": (SUMMER, 2000, 1000, 0),
    "fl_quoted_comma_header_silent": (SUMMER, 8, 8, 0),
    "fl_symlink_part": (SUMMER, 3, 3, 0),
    "fl_parquet_filename_col": (SUMMER, 3, 0, 0),
    "xdm_shared_prop": (AUTUMN, 2, 1, 0),
    "xdm_click_no_items": (AUTUMN, 1, 1, 0),
    "xdm_item_tokens": (AUTUMN, 2, 1, 0),
    "xdm_login": (AUTUMN, 2, 0, 0),
    "xdm_skew": (AUTUMN, 1, 1, 0),
    "xdm_envelope": (AUTUMN, 1, 0, 0),
    "ajo_wrapper": (AUTUMN, 2, 1, 0),
    "session_as_request": (AUTUMN, 4, 2, 0),
    "flat_renamed": (SUMMER, 20, 10, 0),
    "request_id_shared": (SUMMER, 20, 10, 0),
    "one_unknown_traffic_type": (SUMMER, 7, 3, 7),
    "placement_all": (SUMMER, 60, 0, 60),
}
# Case -> as-of, displays with their reward.
REWARDS = {
    "xdm_shared_prop": (AUTUMN, {"d1:1:1": 1, "d2:1:1": 0}),
    "xdm_item_tokens": (AUTUMN, {"d1:1:1": 0, "d1:1:2": 1}),
    "xdm_login": (AUTUMN, {"d1:1:1": 80, "d2:1:1": 80}),
    "xdm_purchase_forms": (AUTUMN, {"d1:1:1": 0, "d2:1:1": 1234.5, "d3:1:1": 20}),
}
# Case -> as-of, displays, rejected records as reason and line.
REJECTED = {
    "xdm_display_no_items": (
        AUTUMN,
        0,
        [
            ("display without items: send the id of each displayed item", None),
            ("no display for this interaction", None),
        ],
    ),
    "xdm_purchase_forms": (AUTUMN, 3, [("no event type", 4)]),
    "ev_json_invalid_utf8": (SUMMER, 6, [("not UTF-8", 1)]),
}
# Case -> as-of, offers with their status.
OFFERS = {
    "offers_forms": (AUTUMN, {"a": "approved", "b": "approved", "c": "approved"}),
    "big_offers_some": (AUTUMN, {"a": "approved", "b": "approved", "c": "approved"}),
    "offers_xlsx": (AUTUMN, {"a": "archived", "b": "archived", "c": "archived"}),
    "big_names": (AUTUMN, {"a": "archived", "b": "approved", "c": "approved"}),
    "pandas_float_ids": (AUTUMN, {"7": "approved", "8": "approved"}),
    "draft_served": (SUMMER, {"o1": "approved", "o2": "archived", "o3": "draft"}),
    "catalogue_all_rejected": (SUMMER, {"o1": "approved", "o2": "archived"}),
}
# Case -> as-of, what the error says.
REFUSED = {
    "unclosed_quote": (SUMMER, "displays.csv line 12: a quote is opened and not closed"),
    "of_unclosed_quote": (SUMMER, "offers.csv line 2: a quote is opened and not closed"),
    "delta": (AUTUMN, "Delta format"),
    "cap_arabic": (SUMMER, "column capping_limit: '٣' is not allowed"),
}
# Case -> as-of, the sentence of a warning.
WARNED = {
    "wrong_outcome_name": (AUTUMN, "column click is not used; did you mean clicked?"),
    "el_unknown_offer": (SUMMER, "eligibility_rules names offer"),
    "cap_offer_typo": (SUMMER, "capping_rules names offer"),
    "big_offers_some": (AUTUMN, None),
    "big_names": (AUTUMN, "offers.xlsx is not read"),
}
# Case -> the recipe that its error names.
FOREIGN = {"vw_raw": "vw_dsjson.sql", "ga4_raw": "ga4.sql"}
# Cases with a test of their own.
OTHERS = {"offers_newline", "time_forms", "flat_renamed", "future_as_of"}


def copied(name: str, folder: Path) -> Path:
    """Return a copy of a case, which may be written to."""
    raw = folder / "raw"
    shutil.copytree(CASES / name, raw, copy_function=shutil.copyfile)
    for path in [raw, *raw.glob("**/")]:
        path.chmod(0o755)
    if name == "fl_symlink_part":
        link = raw / "displays" / "b.csv"
        link.unlink()
        link.symlink_to("../other.csv")
    return raw


def built(name: str, as_of: str, folder: Path) -> None:
    """Build the tables of a case."""
    build(folder, copied(name, folder), datetime.fromisoformat(as_of), TABLES)


@pytest.mark.parametrize("name", READ)
def test_every_row_is_read(name: str, tmp_path: Path) -> None:
    """The numbers of displays, clicks and propensities are those of the file."""
    as_of, *counts = READ[name]
    built(name, as_of, tmp_path)
    assert build_rows(tmp_path, COUNTS) == [tuple(counts)]
    assert build_rows(tmp_path, "select * from rejected_events") == []


@pytest.mark.parametrize("name", OFFERS)
def test_the_catalogue_means_what_it_says(name: str, tmp_path: Path) -> None:
    """Offers have the status of their file, in every spelling."""
    as_of, offers = OFFERS[name]
    built(name, as_of, tmp_path)
    assert dict(build_rows(tmp_path, "select offer_id, status from dim_offers")) == offers


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_stops_the_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run ends with a documented code and one line that names file, place and remedy."""
    as_of, words = REFUSED[name]
    raw = copied(name, tmp_path)
    ended = run_command(capsys, "run", "--raw", raw, "--home", tmp_path / "home", "--as-of", as_of)
    assert ended.code in (2, 3)
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_every_case_is_tested() -> None:
    """Each folder of cases has an entry here."""
    tables = (READ, REWARDS, REJECTED, OFFERS, REFUSED, WARNED, FOREIGN)
    tested = OTHERS.union(*tables)
    assert {folder.name for folder in CASES.iterdir() if folder.is_dir()} == tested


@pytest.mark.parametrize("name", WARNED)
def test_what_has_no_effect_is_named(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning names what is not used; a case without such a thing has no warning of it."""
    as_of, words = WARNED[name]
    raw, home = copied(name, tmp_path), tmp_path / "home"
    ended = run_command(capsys, "check", raw, "--home", home, "--as-of", as_of, "--json")
    found = json.loads(ended.out)["findings"]
    warnings = [row["sentence"] for row in found if row["severity"] == "warning"]
    if words is None:
        assert not [text for text in warnings if "rejected" in text or "is not read" in text]
    else:
        assert any(words in text for text in warnings)


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("command", ["check", "run"])
def test_an_export_of_another_tool_is_named_with_its_recipe(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The look and the run stop with code 3 and name the recipe."""
    raw, home = copied(name, tmp_path), tmp_path / "home"
    ended = run_command(capsys, command, "--raw", raw, "--home", home, "--as-of", AUTUMN)
    assert ended.code == 3
    assert FOREIGN[name] in ended.err


def test_a_run_of_the_future_leaves_no_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment after now is refused before anything is written."""
    monkeypatch.delenv("NEXTOFFER_ALLOW_FUTURE")
    raw, home = copied("future_as_of", tmp_path), tmp_path / "home"
    ended = run_command(capsys, "run", "--raw", raw, "--home", home, "--as-of", "2062-01-01")
    assert ended.code == 2
    assert "is after now" in ended.err
    assert not home.exists()


def test_a_line_break_is_part_of_the_name(tmp_path: Path) -> None:
    """A quoted line break of an offer's name stays in it."""
    built("offers_newline", AUTUMN, tmp_path)
    names = build_rows(tmp_path, "select offer_name from dim_offers order by offer_id")
    assert names == [("Gold\ncard",), ("Blue",)]


def test_moments_are_read_or_rejected_one_by_one(tmp_path: Path) -> None:
    """Of 25 ways to write a time, the unambiguous ones are read; the others are rejected by
    line."""
    built("time_forms", AUTUMN, tmp_path)
    ((read,),) = build_rows(tmp_path, "select count(*) from fct_displays")
    ((rejected,),) = build_rows(tmp_path, "select count(*) from rejected_events")
    lines = (tmp_path / "raw" / "displays.csv").read_text().splitlines()
    assert read >= 19
    assert read + rejected == len(lines) - 1


@pytest.mark.parametrize("name", REWARDS)
def test_outcomes_belong_to_their_display(name: str, tmp_path: Path) -> None:
    """Each display has the reward of its own person, item and amount."""
    as_of, rewards = REWARDS[name]
    raw = copied(name, tmp_path)
    build(tmp_path, raw, datetime.fromisoformat(as_of), "+int_display_outcomes")
    found = build_rows(tmp_path, "select display_id, reward from int_display_outcomes")
    assert dict(found) == rewards


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_used_is_rejected(name: str, tmp_path: Path) -> None:
    """The record is rejected with its reason, and the others are displays."""
    as_of, displays, reasons = REJECTED[name]
    built(name, as_of, tmp_path)
    found = build_rows(tmp_path, "select reason, line_number from rejected_events order by 1")
    assert found == reasons
    assert build_rows(tmp_path, "select count(*) from fct_displays") == [(displays,)]


def test_a_renamed_file_does_not_double(tmp_path: Path) -> None:
    """A loaded file under another name, or exported again as gzip, only adds duplicates."""
    raw, home = copied("flat_renamed", tmp_path), tmp_path / "home"
    tables = f"{TABLES} +input_files"
    build(home, raw, datetime.fromisoformat(SUMMER), tables)
    (path,) = (raw / "displays").iterdir()
    packed = raw / "displays" / "again.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.rename(path.with_name("renamed.csv"))
    build(home, raw, datetime.fromisoformat(SUMMER), tables)
    assert build_rows(home, "select count(*) from fct_displays") == [(20,)]
    counts = build_rows(home, "select rows, displays + rejected + duplicates from input_files")
    assert counts == [(20, 20)] * 3
    assert build_rows(home, "select sum(displays), sum(duplicates) from input_files") == [(20, 40)]
