"""Inputs as people bring them: every folder of cases has the right answer that its list states."""

from __future__ import annotations

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
    """Displays, clicks and propensities are as many as the file holds."""
    as_of, *counts = READ[name]
    built(name, as_of, tmp_path)
    assert build_rows(tmp_path, COUNTS) == [tuple(counts)]
    assert build_rows(tmp_path, "select * from rejected_events") == []


@pytest.mark.parametrize("name", OFFERS)
def test_the_catalogue_means_what_it_says(name: str, tmp_path: Path) -> None:
    """Offers have the status that their file gives them, however it is spelled."""
    as_of, offers = OFFERS[name]
    built(name, as_of, tmp_path)
    assert dict(build_rows(tmp_path, "select offer_id, status from dim_offers")) == offers


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_stops_the_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run ends with a code of its own and one line that names file, place and remedy."""
    as_of, words = REFUSED[name]
    raw = copied(name, tmp_path)
    ended = run_command(capsys, "run", "--raw", raw, "--home", tmp_path / "home", "--as-of", as_of)
    assert ended.code in (2, 3)
    assert words in ended.err
    assert "Traceback" not in ended.err


def test_a_line_break_is_part_of_the_name(tmp_path: Path) -> None:
    """A quoted line break of an offer's name stays in it."""
    built("offers_newline", AUTUMN, tmp_path)
    names = build_rows(tmp_path, "select offer_name from dim_offers order by offer_id")
    assert names == [("Gold\ncard",), ("Blue",)]


def test_moments_are_read_or_rejected_one_by_one(tmp_path: Path) -> None:
    """Of 25 ways to write a moment the clear ones are read; the others are rejected by line."""
    built("time_forms", AUTUMN, tmp_path)
    ((read,),) = build_rows(tmp_path, "select count(*) from fct_displays")
    ((rejected,),) = build_rows(tmp_path, "select count(*) from rejected_events")
    lines = (tmp_path / "raw" / "displays.csv").read_text().splitlines()
    assert read >= 19
    assert read + rejected == len(lines) - 1
