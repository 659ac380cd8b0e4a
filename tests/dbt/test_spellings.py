"""Macros read values in the spellings of other tools and languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scorer.config import Settings
from scorer.warehouse.quick_build import QuickBuild

Read = Callable[..., Any]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Return what a macro of the project makes of a text."""
    folder: Path = tmp_path_factory.mktemp("spellings")
    build = QuickBuild(Settings(home=folder, as_of=datetime(2026, 11, 22), raw=folder))

    def value(macro: str, text: str) -> Any:
        sql = build.render(f"select {{{{ {macro}('written') }}}} from (select ? as written)")
        return build.connection.execute(sql, [text]).fetchall()[0][0]

    yield value
    build.close()


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("O", "N"),
        ("S", "N"),
        ("Ναι", "ΌΧΙ"),
        ("نعم", "لا"),
        ("예", "아니오"),
        ("DOĞRU", "YANLIŞ"),
        ("áno", "nie"),
        ("Ja", "Nei"),
        ("da", "nu"),
        ("1,0", "0,00"),
        ("+1", "0e0"),
        ("ИСТИНА", "ЛОЖЬ"),
    ],
)
def test_flags_are_read_in_many_languages(read: Read, yes: str, no: str) -> None:
    """Words, letters and numbers for true and false are read in any case."""
    assert (read("text_to_boolean", yes), read("text_to_boolean", no)) == (True, False)


@pytest.mark.parametrize("mark", ["NaT", "(null)", "\\N", "-", "#NV", "undefined", "<NA>", " "])
def test_marks_of_missing_values_are_missing(read: Read, mark: str) -> None:
    """What databases, spreadsheets and libraries write for a missing value is NULL."""
    assert read("without_null_mark", mark) is None


@pytest.mark.parametrize(
    ("written", "id"),
    [("7.0", "7"), ("7.00", "7"), ("-3.0", "-3"), ("007", "007"), ("1.5", "1.5"), ("v1.0", "v1.0"),
     ('="007"', "007"), ("none", "none"), ("NULL", None), ("nan", None), ("\\N", None)],
)  # fmt: skip
def test_ids_lose_decimals_only(read: Read, written: str, id: str | None) -> None:
    """A whole number has no decimals; a mark that is hardly an id is missing; other text stays."""
    assert read("plain_id", written) == id


@pytest.mark.parametrize(
    "written",
    ["GOLD", "gоld", "ＧＯＬＤ", "g\u200bold", "góld", "go\u0301ld", "gold\u00a0", "-gold."],
)
def test_ids_that_look_alike_are_comparable(read: Read, written: str) -> None:
    """Case, letters of other scripts, accents, signs and invisible characters do not count."""
    assert read("comparable_id", written) == read("comparable_id", "gold")


@pytest.mark.parametrize(
    ("written", "type"),
    [
        ("Non-Contextual", "noncontextual"),
        ("personalized", "personalised"),
        ("Exploration", "random"),
        ("CONTEXTUAL", "contextual"),
        ("magic", "magic"),
    ],
)
def test_traffic_types_have_several_spellings(read: Read, written: str, type: str) -> None:
    """Arms are read in any case, with separators, and in American spelling."""
    assert read("spelled_traffic_type", written) == type


@pytest.mark.parametrize(
    "written",
    ["26-OCT-26 09.15.00.000000 AM", "2026-10-26-09.15.00.000000", "26 October 2026 09:15",
     "Mon Oct 26 09:15:00 UTC 2026", "Mon Oct 26 2026 10:15:00 GMT+0100 (CET)",
     "2026-10-26 09:15:00 +0000 UTC", "2026.10.26 09:15:00", "26OCT2026:09:15:00",
     "26-Oct-2026 09:15", "Monday, 26 October 2026 09:15", "[26/Oct/2026:09:15:00 +0000]",
     "Oct 26 2026 09:15:00", "/Date(1793006100000)/", "Mon Oct 26 09:15:00 2026"],
)  # fmt: skip
def test_times_of_other_systems_are_read(read: Read, written: str) -> None:
    """Databases, languages and statistics packages have forms of their own."""
    assert read("text_to_utc", written) == datetime(2026, 10, 26, 9, 15)
