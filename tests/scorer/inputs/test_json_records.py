"""JSON in other layouts than one object per line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.inputs.json_records import is_in_lines, is_json, json_lines

RECORD = {"offer_id": "a } {", "value": 1.50, "tags": [{"offer_id": "b"}], "name": 'x"\\'}
VALUES = st.text() | st.integers() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())


def read(text: str, is_event: bool = True) -> list[str]:
    """Return the lines that are not blank."""
    return [line for line in "".join(json_lines(text, is_event)).split("\n") if line]


@settings(max_examples=30)
@given(
    st.lists(st.dictionaries(st.text(), VALUES), min_size=1, max_size=3),
    st.sampled_from(["", " ", ",", ",\n", "\n\n"]),
    st.sampled_from([None, 2]),
)
def test_every_record_of_a_document_is_a_line(
    records: list[dict], between: str, indent: int | None
) -> None:
    """Objects one after another and arrays, indented or not, have the same records."""
    texts = [json.dumps(record, indent=indent) for record in records]
    for text in (between.join(texts), json.dumps(records, indent=indent)):
        assert [json.loads(line) for line in read(text)] == records


@pytest.mark.parametrize(
    "damaged",
    [
        '{"offer_id": broken}',
        '{"offer_id": "a", "value": {',
        '{"offer_id": "a',
        '{"offer_id": "a",}',
        '{"offer_id": "a" "value": 1}',
    ],
)
@pytest.mark.parametrize("layout", ["{}\n{}\n{}", "{}{}{}", "[{},\n{},\n{}]", "[{},{},{}]"])
def test_a_damaged_record_does_not_take_others_with_it(layout: str, damaged: str) -> None:
    """The records before and after it are read, and it stays a line that is not JSON."""
    good = json.dumps(RECORD)
    lines = read(layout.replace("{}", "%s") % (good, damaged, good))
    assert (lines[0], lines[-1]) == (good, good)
    with pytest.raises(ValueError, match=r"\w"):
        json.loads(lines[1])


def test_a_document_that_ends_early_keeps_its_whole_records() -> None:
    """Only the last record of a truncated array is damaged."""
    text = json.dumps([RECORD] * 3, indent=2)[:-40]
    assert [json.loads(line) for line in read(text)[:2]] == [RECORD] * 2
    assert len(read(text)) == 3


def test_a_line_that_is_not_utf8_is_one_record() -> None:
    """Only the record with the byte is lost where records have lines of their own."""
    good, bad = '{"offer_id": "a"}', '{"offer_id": "\udcff"}'
    assert read(f"[{good}, {bad}]") == [f"[{good}, {bad}]"]
    assert read(f"[{good},\n{bad}]") == [good, bad]


def test_records_keep_their_lines() -> None:
    """A record is on the line on which it begins in the file, except for events."""
    text = json.dumps([RECORD] * 2, indent=2)
    lines = "".join(json_lines(text, is_event=False)).split("\n")
    starts = [number for number, line in enumerate(text.split("\n")) if line == "  {"]
    assert [number for number, line in enumerate(lines) if line] == starts


def test_an_object_that_holds_rows_stands_for_them() -> None:
    """The only list of objects of an export is its rows, but an envelope of events is one line."""
    text = json.dumps({"meta": {"count": 2}, "rows": [RECORD] * 2})
    assert [json.loads(line) for line in read(text, is_event=False)] == [RECORD] * 2
    assert read(text) == [text]
    record = json.dumps({"offer_id": "a", "items": [{"id": 1}]})
    assert read(record, is_event=False) == [record]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}\n{"a": 2}', True),
        ('{"a": \n{"a": 2}\n{"a": 3}', True),
        ('{"a": 1}\n{"a": \n\ufffd{"a": 3}', True),
        ('{"a": 1}{"a": 2}', False),
        ('{\n  "a": 1\n}', False),
        ('[\n{"a": 1},\n{"a": 2}\n]', False),
        ('{"rows": [{"a": 1}]}', False),
    ],
)
def test_lines_are_told_from_documents(text: str, expected: bool) -> None:
    """A text is in lines if its first line is an object, or most of the first ones are."""
    assert is_json(text)
    assert is_in_lines(text, is_event=False) is expected


@pytest.mark.parametrize("text", ["[event_ts],[offer_id]\n", "{event},offer_id", "a,b"])
def test_a_header_in_brackets_is_not_json(text: str) -> None:
    """Column names in brackets, as some databases write them, begin a CSV file."""
    assert not is_json(text)
