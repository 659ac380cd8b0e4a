"""Files with lines that the engine would lose are set aside, whatever their size on disk."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from scorer.inputs import long_lines
from scorer.inputs.file_forms import UnreadableError
from scorer.inputs.long_lines import require_short_lines


def test_zeros_at_the_end_of_a_file_are_a_long_line(tmp_path: Path) -> None:
    """What a crash leaves, here 5 GB of it in a sparse file, is found by reading 192 MB."""
    file = tmp_path / "displays.csv"
    file.write_text("event_ts,profile_id,offer_id\n2026-01-01,p,o\n")
    with file.open("ab") as handle:
        handle.truncate(5 << 30)
    with pytest.raises(UnreadableError, match="line 3 is longer than 192 MB; export"):
        require_short_lines(file)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lines be at most 100 bytes long, blocks 7, and any gzip file be read."""
    monkeypatch.setattr(long_lines, "LONGEST_BYTES", 100)
    monkeypatch.setattr(long_lines, "_BLOCK", 7)
    monkeypatch.setattr(long_lines, "_HIGH_RATIO", 0)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("ending", ["csv", "ndjson.gz"])
@pytest.mark.parametrize(
    ("lengths", "long"),
    [
        ([100], None),
        ([99, 99, 99], None),
        ([3] * 200, None),
        ([0] * 500, None),
        ([5, 101, 5], 2),
        ([5, 95, 400], 3),
        ([400], 1),
    ],
)
def test_the_first_long_line_is_named(
    tmp_path: Path, ending: str, lengths: list[int], long: int | None
) -> None:
    """In plain and in compressed files, with and without a line end at the end of the file."""
    text = "\n".join("x" * length for length in lengths).encode()
    file = tmp_path / f"displays.{ending}"
    file.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    if long is None:
        require_short_lines(file)
    else:
        with pytest.raises(UnreadableError, match=f"^line {long} is longer than"):
            require_short_lines(file)
