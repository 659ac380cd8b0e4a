"""Reads of marts are robust against a malformed catalogue."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.warehouse.marts import parse_characteristics

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))


@given(st.dictionaries(st.text(), VALUES.filter(lambda value: value == value)))
def test_a_json_object_is_read_as_characteristics(values: dict[str, object]) -> None:
    """Names and values come back as they were written."""
    assert parse_characteristics(json.dumps(values)) == values


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "12", "null", "no JSON"])
def test_any_other_text_gives_no_characteristics(text: str | None) -> None:
    """An offer with a malformed entry only loses its kin."""
    assert parse_characteristics(text) == {}
