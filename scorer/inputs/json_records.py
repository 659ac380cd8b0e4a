"""JSON that is not one object per line: arrays, indented objects, objects one after another.

A damaged record ends where its braces close or where the next record begins, so that the others
are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scorer.files import NOT_JSON
from scorer.inputs.column_names import plain_name
from scorer.inputs.file_forms import MAX_DOCUMENT_BYTES, UnreadableError

# Fields that every record of some input has.
ID_FIELDS = {
    "profileid",
    "offerid",
    "segmentid",
    "strategyid",
    "featurename",
    "identitymap",
    "xdm:identitymap",
}
_GAP = re.compile(r"[\s,\[\]]*")
_FIRST_KEY = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_HELD_ROWS = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\[\s*\{')
# A string, which has no line break, or a brace.
_PARTS = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}]')
# How far the end of a damaged record is looked for.
_LONGEST_DAMAGE = 1 << 20
_LOOKED_AT = 20


def is_json(text: str) -> bool:
    """Return whether a text begins with a JSON object, or with an array of objects."""
    return re.match(r'\s*(\[\s*)*\{\s*["}]|\s*\[\s*\]', text) is not None


def is_in_lines(text: str, is_event: bool) -> bool:
    """Return whether the first line of a text is a JSON object, or most of the first lines are.

    An object that begins with a list of rows is a line of events, because it is an envelope, but
    not of another input.
    """
    lines = [line for line in text.split("\n") if line.strip()][:_LOOKED_AT]
    if not is_event and lines and _HELD_ROWS.match(lines[0]):
        return False
    are_objects = [isinstance(_parsed(line), dict) for line in lines]
    return are_objects[:1] == [True] or 2 * sum(are_objects) > len(lines)


def write_lines(source: Path, target: Path, is_event: bool) -> None:
    """Write the records of a JSON document in lines; bytes that are not UTF-8 stay.

    Raises
    ------
    UnreadableError
        The document is too large to be read into memory.
    """
    size = source.stat().st_size
    if size > MAX_DOCUMENT_BYTES:
        raise UnreadableError(
            f"is a JSON document of {size >> 20} MB; write one object per line (.ndjson)"
        )
    text = source.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as copy:
        copy.writelines(json_lines(text, is_event))


def json_lines(text: str, is_event: bool) -> Iterator[str]:
    """Yield the records of a text, each as one line; a damaged one stays as it is.

    Records other than events are on the line on which they begin, if a line before it is free.
    Otherwise, lines count records. An object that only holds a list of rows stands for the rows.
    A text of one line with bytes that are not UTF-8 stays one line, which is rejected as a whole.
    """
    if re.search(r"[\udc80-\udcff]", text) and "\n" not in text.strip():
        yield text
        return
    rows = [] if is_event else _held_rows(text)
    if rows:
        yield from (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    written, line, seen = 0, 1, 0
    for start, end in _spans(text):
        line, seen = line + text.count("\n", seen, start), start
        if not is_event:
            yield "\n" * (line - written - 1)
            written = max(line, written + 1)
        yield re.sub(r"\s*[\r\n]+\s*", " ", text[start:end]) + "\n"


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each record."""
    decoder, place, key = json.JSONDecoder(), 0, ""
    while (place := _GAP.match(text, place).end()) < len(text):  # type: ignore[union-attr]
        try:
            _, end = decoder.raw_decode(text, place)
            first = None if key else _FIRST_KEY.match(text, place)
            key = first.group() if first else key
        except NOT_JSON:
            end = _end_of_damaged(text, place, key)
        yield place, end
        place = end


def _end_of_damaged(text: str, start: int, key: str) -> int:
    """Return the end of a record that is not JSON: where its braces close, and at the latest
    before the next text with the first key of the records."""
    limit = min(len(text), start + _LONGEST_DAMAGE)
    next_start = text.find(key or "\n{", start + 1)
    if text[start] != "{":
        ends = [place for place in (text.find("\n", start), text.find("{", start)) if place > 0]
        return min(ends, default=len(text))
    depth = 0
    for part in _PARTS.finditer(text, start, limit):
        depth += {"{": 1, "}": -1}.get(part.group(), 0)
        if not depth:
            return part.end() if next_start < 0 else min(part.end(), next_start)
    return next_start if next_start > 0 else len(text)


def _held_rows(text: str) -> list[dict[str, Any]]:
    """Return the rows in the only list of an object that is not a record of an input itself."""
    value = _parsed(text)
    if not isinstance(value, dict) or ID_FIELDS & {plain_name(name) for name in value}:
        return []
    lists = [held for held in value.values() if isinstance(held, list)]
    is_held = len(lists) == 1 and all(isinstance(row, dict) for row in lists[0])
    return lists[0] if is_held else []


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except NOT_JSON:
        return None
