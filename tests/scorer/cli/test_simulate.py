"""`nextoffer simulate` writes inputs, reports its speed, and refuses too few offers."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.commands import Command


def test_it_says_how_many_lines_it_wrote(nextoffer: Command, tmp_path: Path) -> None:
    """The last line on stderr counts the lines of all files; stdout is the next command."""
    arguments = ("--weeks", "2", "--profiles", "60", "--offers", "30")
    outcome = nextoffer("simulate", "--out", tmp_path, *arguments)
    assert outcome.code == 0
    told = re.fullmatch(
        r"([\d,]+) lines written, [\d,]+ per CPU second", outcome.err.splitlines()[-1]
    )
    files = (tmp_path / "experience_events").iterdir()
    assert told is not None
    assert int(told[1].replace(",", "")) == sum(len(f.read_bytes().splitlines()) for f in files)
    assert len((tmp_path / "offers.csv").read_text(encoding="utf-8").splitlines()) == 1 + 30
    assert outcome.out == f"Next, run: nextoffer run --raw {tmp_path} --as-of 2026-09-20\n"


def test_fewer_than_24_offers_are_refused(nextoffer: Command, tmp_path: Path) -> None:
    """The option, the number and the limit are named, and nothing is written."""
    outcome = nextoffer("simulate", "--out", tmp_path / "raw", "--offers", "23")
    assert outcome.code == 2
    assert "--offers" in outcome.error
    assert "23 is not in the range x>=24" in outcome.error
    assert not (tmp_path / "raw").exists()


def test_files_of_others_are_not_overwritten(nextoffer: Command, tmp_path: Path) -> None:
    """A simulation replaces files of a simulation; it refuses other and edited files."""
    simulate = ("simulate", "--out", tmp_path / "raw", "--weeks", "1", "--profiles", "20")
    assert nextoffer(*simulate).code == 0
    assert nextoffer(*simulate).code == 0
    offers = tmp_path / "raw" / "offers.csv"
    offers.write_text("offer_id\nmine\n")
    refused = nextoffer(*simulate)
    assert refused.code == 2
    assert str(offers) in refused.error
    assert offers.read_text() == "offer_id\nmine\n"
