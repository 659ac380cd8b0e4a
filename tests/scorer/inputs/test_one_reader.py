"""What Python accepts as a value of the configuration, the engine reads as the same value."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scorer.errors import ConfigurationError
from scorer.inputs.configuration import checked_rows
from scorer.inputs.configuration_rows import rows_of
from scorer.inputs.configuration_values import integer, number

ENGINE = duckdb.connect()
SIGNS = "0123456789+-._eExXbB ,%∞١２²\t\n\x0b\x1c\u00a0\u200b"
ODD = (
    "1e3",
    "١٢",
    "1_000",
    "0x10",
    "+5",
    " 5 ",
    "5.",
    ".5",
    "∞",
    "1,5",
    "0b1",
    "1e-400",
    "0.1\x1c",
)


def _read(text: str, kind: str) -> float | None:
    sql = f"select try_cast(? as {kind})"
    return ENGINE.execute(sql, [text]).fetchall()[0][0]


def _trimmed(text: str) -> str:
    (row,) = rows_of("x", iter([(1, {"offer_id": text})]), ["offer_id"], [])
    return row.values["offer_id"]


@given(st.text(SIGNS, min_size=1, max_size=8) | st.sampled_from(ODD))
def test_numbers_are_read_as_they_are_checked(text: str) -> None:
    """A text that passes as a number, or a whole number, is the same number to the engine."""
    value = _trimmed(text)
    if number(-1e9, 1e9)(value):
        assert _read(value, "double") == float(value)
    if integer(-10, 999)(value):
        assert _read(value, "bigint") == int(value)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6))
@example("\texclude\u2028")
@example("\u3000\u00a0include \u2003")
def test_values_are_trimmed_as_the_engine_does(text: str) -> None:
    """Both trim spaces of any width, and neither trims tabs, line breaks or invisible signs."""
    assert _trimmed(text) == ENGINE.execute("select trim(?)", [text]).fetchall()[0][0]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ('o1,gold,"exclude\t"', "rule"),
        ('o1,gold,"exclude\n"', "rule"),
        ("NULL,gold,exclude", "offer_id"),
        ("o1,NaN,exclude", "segment_id"),
        ("o1,\\N,exclude", "segment_id"),
        ("undefined,gold,exclude", "offer_id"),
    ],
)
def test_a_rule_that_the_engine_would_lose_is_refused(
    tmp_path: Path, row: str, column: str
) -> None:
    """An id that means a missing value, and a tab or line break behind a word, are refused."""
    file = tmp_path / "eligibility_rules.csv"
    file.write_text(f"offer_id,segment_id,rule\n{row}\n")
    with pytest.raises(ConfigurationError, match=rf"rules\.csv line \d, column {column}: "):
        checked_rows("eligibility_rules", {file: file.name})


def test_a_number_that_is_missing_in_parquet_is_refused(tmp_path: Path) -> None:
    """NaN, which libraries write for a missing id, is empty and not an offer named nan."""
    file = tmp_path / "eligibility_rules.parquet"
    rows = {"offer_id": [7.0, float("nan")], "segment_id": ["a", "a"], "rule": ["exclude"] * 2}
    pq.write_table(pa.table(rows), file)
    with pytest.raises(ConfigurationError, match="line 2, column offer_id: is empty"):
        checked_rows("eligibility_rules", {file: file.name})
