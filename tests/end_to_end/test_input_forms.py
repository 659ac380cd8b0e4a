"""Files, names and values in common forms are read; ambiguous ones are refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest

from scorer.errors import InputError
from scorer.inputs.spellings import FALSE_WORDS, ID_NULL_MARKS, NULL_MARKS, TRUE_WORDS
from scorer.progress import Silent
from scorer.warehouse.dbt import run_dbt
from scorer.warehouse.quick_build import QuickBuild
from tests.support.paths import PROJECT
from tests.support.pipeline_runs import build, build_rows, settings

AS_OF = datetime(2026, 11, 22)
TABLES = "+rejected_events +fct_displays +stg_input_columns"
HEADER = "event_ts,profile_id,offer_id,clicked,value,ctx_a\n"
AT = "2026-11-20T10:00:00Z,"


def read(folder: Path, **files: str | bytes) -> None:
    """Build the tables from files, given by name with `__` instead of the point."""
    (folder / "raw").mkdir()
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / "raw" / name.replace("__", ".")).write_bytes(data)
    build(folder, folder / "raw", AS_OF, TABLES)


def rejected(folder: Path) -> list[tuple]:
    """Return line and reason of rejected records."""
    return build_rows(folder, "select line_number, reason from rejected_events order by 1")


def test_rejected_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Blank lines, line breaks in quotes and refused lines before it do not shift a line number."""
    lines = [
        b"sep=,",
        HEADER.encode().strip(),
        b'2026-11-20,p1,a,1,1,"two\nlines"',
        b"",
        b"2026-11-20,p2,a,perhaps,1,x",
        b"2026-11-20,p3,a,1,1,x,one too many",
        b'2026-11-20,p4,a,1,1,"x"y',
        "2026-11-20,p5,ä,1,1,".encode() + b"\xe4",
        b"2026-11-20,p6,,1,1,x",
    ]
    read(tmp_path, displays__csv=b"\r\n".join(lines))
    assert rejected(tmp_path) == [
        (6, "clicked is not 0 or 1"),
        (7, "more columns than the header"),
        (8, "a quote is not closed"),
        (9, "not UTF-8"),
        (10, "no offer_id"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'{HEADER}{AT}p1,a,1,1,"x\n{AT}p2,a,1,1,y\n{AT}p3,a,1,1,"z"\n', "a quote is opened"),
        (
            f'{HEADER}{AT}"p1,a,1,1,x\n{(AT + "p2,a,1,1,y" + chr(10)) * 3}{AT}p3",a,1,1,z\n',
            "a quote",
        ),
        (f"{HEADER}{AT}p1\0,a,1,1,x\n", "has NUL bytes"),
        (HEADER + f"{AT}p1,a,1,1,x\n" * 30 + f"{AT}p1\0,a,1,1,x\n", "has a NUL byte"),
        (f"{HEADER.strip()}{',ctx_b' * 1_000}\n", "has 1006 columns"),
    ],
)
def test_a_file_that_would_be_read_as_another_is_an_error(
    tmp_path: Path, text: str, problem: str
) -> None:
    """Quotes that swallow lines, NUL bytes and a thousand columns are reported with their place."""
    (tmp_path / "displays.csv").write_text(text)
    quick = QuickBuild(settings(tmp_path / "home", tmp_path, AS_OF))
    with pytest.raises(InputError, match=rf"displays\.csv( line \d+)?: {problem}"):
        quick.build(["stg_flat__displays"])
    quick.close()


def test_quotes_inside_of_text_are_text(tmp_path: Path) -> None:
    """An inch sign does not open a quoted field."""
    read(tmp_path, displays__csv=HEADER + f'{AT}p1,a,1,1,5" wide\n{AT}p2,a,1,1,x\n')
    assert build_rows(tmp_path, "select count(*) from fct_displays") == [(2,)]


def test_encodings_and_delimiters_are_seen(tmp_path: Path) -> None:
    """A file is read by its content, compressed or not."""
    folder, names = tmp_path / "raw" / "displays", []
    folder.mkdir(parents=True)
    for encoding, delimiter in product(("utf-8-sig", "utf-16", "utf-16-le"), ",;\t|"):
        names.append(f"käthe {encoding} {ord(delimiter)}")
        row = AT.split(",")[0], f'"{names[-1]}"', "a", "1", "1", "x"
        text = HEADER.replace(",", delimiter) + delimiter.join(row) + "\n"
        data = text.encode(encoding)
        is_packed = encoding == "utf-8-sig"
        (folder / f"{len(names)}.csv").write_bytes(gzip.compress(data) if is_packed else data)
    build(tmp_path, tmp_path / "raw", AS_OF, TABLES)
    found = build_rows(tmp_path, "select profile_id, is_clicked, value from fct_displays")
    assert sorted(found) == sorted((name, True, 1.0) for name in names)
    assert rejected(tmp_path) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04\x00\x00", "damaged zip archive or workbook"),
        (b"PAR1\x00\x00PAR1", "truncated Parquet file"),
        (b"event_ts,profile_id,offer_id,ctx_\x81\n", "neither UTF-8 nor cp1252"),
        ("event_ts\n".encode("utf-16-be"), "displays.csv"),
    ],
)
def test_other_content_is_refused_by_name(data: bytes, words: str, tmp_path: Path) -> None:
    """The error for a file that is not text names its format and what to do."""
    with pytest.raises(InputError, match=words):
        read(tmp_path, displays__csv=data)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_names_count_without_case_spaces_and_hyphens(kind: str, tmp_path: Path) -> None:
    """`Profile ID` is profile_id, `Seg-Gold` is a segment; other columns have a likely meaning."""
    names = ["Event TS", "Profile ID", "offerId", "CLICK", "Seg-Gold", "CTX Age", "shoe"]
    values = ["2026-11-20", "p", "a", "1", "Ja", "31", "x"]
    if kind == "csv":
        read(tmp_path, displays__csv=",".join(names) + "\n" + ",".join(values))
    else:
        pairs = ", ".join(f'"{name}": "{value}"' for name, value in zip(names, values, strict=True))
        read(tmp_path, displays__ndjson="{" + pairs + "}\n")
    assert build_rows(tmp_path, "select profile_id, segments from stg_flat__displays") == [
        ("p", ["Gold"])
    ]
    unused = "select column_name, likely_column from stg_input_columns where used_as is null"
    assert build_rows(tmp_path, unused + " order by 1") == [("CLICK", "clicked"), ("shoe", None)]


def test_two_candidates_for_a_column_are_an_error(tmp_path: Path) -> None:
    """Two spellings of one column are refused."""
    header = "event_ts,Profile ID,profile-id,offer_id\n"
    with pytest.raises(InputError, match="Profile ID and profile-id could both be profile_id"):
        read(tmp_path, displays__csv=header + "2026-11-20,p,q,a\n")


def test_amounts_are_read_in_one_way_or_rejected(tmp_path: Path) -> None:
    """Separators and currencies are understood; an amount with two readings never becomes 0."""
    amounts = ["1,234.50", "1.234,50", "€ 12,5", "1 234,5 EUR", "NA", "1,234", "a lot"]
    rows = "".join(f'{AT}p{n},a,1,"{amount}",x\n' for n, amount in enumerate(amounts))
    read(tmp_path, displays__csv=HEADER + rows)
    values = build_rows(tmp_path, "select value from fct_displays order by profile_id")
    assert values == [(1234.5,), (1234.5,), (12.5,), (1234.5,), (None,)]
    assert rejected(tmp_path) == [
        (7, "value can be read in two ways"),
        (8, "value cannot be read as a number"),
    ]


def test_a_segment_that_is_no_flag_is_rejected(tmp_path: Path) -> None:
    """A value of a seg_ column that is neither true nor false does not count as false."""
    header = "event_ts,profile_id,offer_id,seg_gold\n"
    read(tmp_path, displays__csv=header + "2026-11-20,p,a,t\n2026-11-20,q,a,often\n")
    assert rejected(tmp_path) == [(3, "seg_gold is not true or false")]


def test_the_file_decides_the_order_of_its_dates(tmp_path: Path) -> None:
    """One date with a day above 12 determines the order of the other dates in the file."""
    header = "event_ts,profile_id,offer_id\n"
    read(tmp_path, displays__csv=header + "11/02/2026,p,a\n11/20/2026 09:00,q,a\n")
    found = build_rows(tmp_path, "select event_ts::varchar from fct_displays order by 1")
    assert found == [("2026-11-02 00:00:00",), ("2026-11-20 09:00:00",)]


def test_dates_with_two_readings_are_shown_with_both(tmp_path: Path) -> None:
    """Without a clear date the error names both readings and the setting."""
    header = "event_ts,profile_id,offer_id\n"
    with pytest.raises(InputError, match=r"2026-02-11 or 2026-11-02.*NEXTOFFER_DATE_ORDER"):
        read(tmp_path, displays__csv=header + "11/02/2026,p,a\n")


def test_python_and_sql_know_the_same_words() -> None:
    """The words for true, false and missing are those of the dbt project's macros."""
    macros = (PROJECT / "macros" / "portability" / "values.sql").read_text()
    for words in (TRUE_WORDS, FALSE_WORDS, NULL_MARKS, ID_NULL_MARKS):
        assert all(json.dumps(word, ensure_ascii=False) in macros for word in words)


def test_times_without_a_zone_are_those_of_the_stated_zone(tmp_path: Path) -> None:
    """Local times move by the offset of the zone; epochs, offsets and explicit zones are
    unchanged."""
    times = {
        "2026-11-20 09:00:00": "2026-11-20 08:00:00",
        "2026-07-20T09:00": "2026-07-20 07:00:00",
        "20.11.2026 09:00": "2026-11-20 08:00:00",
        "2026-11-20T09:00:00Z": "2026-11-20 09:00:00",
        "2026-11-20 09:00:00+05:30": "2026-11-20 03:30:00",
        "2026-11-20 09:00:00 America/New_York": "2026-11-20 14:00:00",
        "1795165200": "2026-11-20 09:00:00",
        "/Date(1795165200000)/": "2026-11-20 09:00:00",
        "Fri Nov 20 2026 10:00:00 GMT+0100 (CET)": "2026-11-20 09:00:00",
        "Fri Nov 20 09:00:00 UTC 2026": "2026-11-20 09:00:00",
    }
    raw = tmp_path / "raw"
    raw.mkdir()
    rows = "".join(f"{time},p{n},a\n" for n, time in enumerate(times))
    (raw / "displays.csv").write_text("event_ts,profile_id,offer_id\n" + rows)
    stated = replace(settings(tmp_path, raw, AS_OF), time_zone="Europe/Berlin")
    run_dbt(stated, "+fct_displays", "features", Silent())
    found = build_rows(tmp_path, "select event_ts::varchar from fct_displays order by profile_id")
    assert [moment for (moment,) in found] == list(times.values())


def test_a_declared_type_of_a_column_counts(tmp_path: Path) -> None:
    """Postcodes that look like numbers are categories where context_features says so."""
    header = "event_ts,profile_id,offer_id,ctx_zip,ctx_age\n"
    declared = "feature_name,path,value_type\nzip,zip,category\nage,age,number\n"
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "context_features.csv").write_text(declared)
    (tmp_path / "raw" / "displays.csv").write_text(header + "2026-11-20,p,a,08000,7\n")
    build(tmp_path, tmp_path / "raw", AS_OF, "+stg_flat__features")
    found = dict(build_rows(tmp_path, "select feature_name, value_type from stg_flat__features"))
    assert found == {"zip": "category", "age": "number"}


def test_a_record_of_very_many_fields_is_rejected(tmp_path: Path) -> None:
    """A record with 20,000 fields is rejected, and the others are read."""
    fields = ", ".join(f'"ctx_{n}": "x"' for n in range(20_000))
    good = '{"event_ts": "2026-11-20", "profile_id": "p", "offer_id": "a", "ctx_a": "1"'
    read(tmp_path, displays__ndjson=f"{good}}}\n{good}, {fields}}}\n")
    assert build_rows(tmp_path, "select count(*) from fct_displays") == [(1,)]
    assert rejected(tmp_path) == [(2, "more than 1000 fields")]


def test_a_column_without_a_name_is_not_used(tmp_path: Path) -> None:
    """The index that pandas writes, and a delimiter at the end of each line, shift no column."""
    header = ",event_ts,profile_id,offer_id,clicked,\n"
    read(tmp_path, displays__csv=header + "0,2026-11-20,p,a,1,\n1,2026-11-20,q,a,0,\n")
    assert build_rows(tmp_path, "select profile_id, is_clicked from fct_displays order by 1") == [
        ("p", True),
        ("q", False),
    ]
    unused = "select column_name from stg_input_columns where used_as is null order by 1"
    assert build_rows(tmp_path, unused) == [("#1",), ("#6",)]


def test_lines_may_end_in_two_ways(tmp_path: Path) -> None:
    """Files of different systems that somebody joined are read to their end."""
    lines = f'{AT}p,a,1,1,"x\ny"\r\n{AT}q,a,0,1,z\n{AT}r,a,0,1,z\r\n'
    read(tmp_path, displays__csv=HEADER + lines)
    assert build_rows(tmp_path, "select profile_id from fct_displays order by 1") == [
        ("p",),
        ("q",),
        ("r",),
    ]


def test_later_dates_with_one_reading_are_read(tmp_path: Path) -> None:
    """A file is not searched for local dates: far from its beginning only clear ones are read."""
    rows = "".join(f"2026-11-20T10:00:00Z,p{n},a\n" for n in range(20_000))
    late = "26.10.2026,x1,a\n10/26/2026,x2,a\n01/02/2026,x3,a\n"
    read(tmp_path, displays__csv="event_ts,profile_id,offer_id\n" + rows + late)
    found = "select event_ts::date::varchar from fct_displays where profile_id like 'x%' order by 1"
    assert build_rows(tmp_path, found) == [("2026-10-26",), ("2026-10-26",)]
    assert rejected(tmp_path) == [(20_004, "timestamp cannot be read as a time")]


AMOUNTS = [
    (";", "value", ["1.234", "12,50", "1.234.567", "€ 1.000"], [1234, 12.5, 1234567, 1000]),
    (",", "value", ["1,234", "12.50", "0.125"], [1234, 12.5, 0.125]),
    (",", "value", ["0.125", "1.234"], [0.125, 1.234]),
    (";", "propensity", ["0,25", "0,125", "1"], [0.25, 0.125, 1]),
    (";", "ctx_age", ["2,5", "NA", "1.234,5"], ["2.5", None, "1234.5"]),
    (";", "ctx_size", ["2,5", "3 rooms"], ["2,5", "3 rooms"]),
    (",", "ctx_codes", ["2,5", "3"], ["2,5", "3"]),
]


def test_a_file_shows_what_its_commas_separate(tmp_path: Path) -> None:
    """Decimals of one number decide whether another one has decimals or thousands."""
    folder = tmp_path / "raw" / "displays"
    folder.mkdir(parents=True)
    for number, (delimiter, column, texts, _) in enumerate(AMOUNTS):
        names = delimiter.join(("event_ts", "profile_id", "offer_id", column))
        rows = [
            delimiter.join(("2026-11-20", f"{number}-{n}", "a", f'"{text}"'))
            for n, text in enumerate(texts)
        ]
        (folder / f"{number}.csv").write_text("\n".join((names, *rows)) + "\n")
    build(tmp_path, tmp_path / "raw", AS_OF, TABLES)
    for number, (_, column, texts, values) in enumerate(AMOUNTS):
        held = f"context['{column[4:]}']" if column.startswith("ctx_") else column
        found = build_rows(
            tmp_path,
            f"select {held} from fct_displays where profile_id like '{number}-%'"
            " order by profile_id",
        )
        assert found == [(value,) for value in values], (column, texts)
