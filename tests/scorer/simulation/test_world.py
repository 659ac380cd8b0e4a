"""The world as a whole: determinism, files, reports and limits."""

from __future__ import annotations

import gzip
import math
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from scorer.simulation import World
from tests.support.simulated_events import decisions, read_events


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder by relative name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def lived(folder: Path, weeks: int = 2, seed: int = 5) -> World:
    """Return a tiny world after some weeks."""
    world = World(profiles=150, seed=seed)
    world.write_catalogue(folder)
    for week in range(1, weeks + 1):
        world.live(week, folder)
    return world


def test_same_seed_gives_same_bytes(tmp_path):
    """Two worlds of one seed write identical files, another seed writes others."""
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        lived(tmp_path / name, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_a_week_lived_again_gives_the_same_files(tmp_path):
    """Repeating a week does not plant its late events twice."""
    world = lived(tmp_path)
    before = contents(tmp_path)
    world.live(2, tmp_path)
    assert contents(tmp_path) == before


def test_later_weeks_leave_earlier_files_alone(tmp_path):
    """A new week only adds day files, so that ingestion can be incremental."""
    world = lived(tmp_path, weeks=1)
    before = contents(tmp_path / "experience_events")
    world.live(2, tmp_path)
    after = contents(tmp_path / "experience_events")
    assert {name: after[name] for name in before} == before
    assert len(after) == 14


def test_no_event_is_in_a_file_before_its_day(life):
    """A day file holds events of its day or, late, of earlier ones."""
    assert all(event.at.date().isoformat() <= event.file[:10] for event in life.events)


def test_valuing_and_living_agree(life):
    """The values reported for a simulated week equal those computed without writing."""
    assert life.world.value_of(2) == life.reports[1].strategies


def test_reported_displays_are_in_the_log(life):
    """Every offer shown is in the log once, except late events and after removing duplicates."""
    shown = sum(len(event.items) for event in decisions(life.events))
    reported = sum(report.displays for report in life.reports)
    assert 0.997 * reported < shown <= reported
    lines = sum(len(file.read_bytes().splitlines()) for r in life.reports for file in r.files)
    assert lines == sum(report.lines for report in life.reports)


def test_a_week_ends_where_the_next_starts(life):
    """Weeks are seven whole days of UTC from the start date."""
    assert life.reports[0].start == datetime(2026, 9, 6)
    ends = [report.end for report in life.reports[:-1]]
    assert ends == [report.start for report in life.reports[1:]]


def test_compressed_files_hold_the_same_lines(tmp_path):
    """Compression changes the container and nothing else."""
    plain = World(profiles=60, seed=1).live(1, tmp_path / "plain")
    packed = World(profiles=60, seed=1, compress=True).live(1, tmp_path / "packed")
    assert [f.read_bytes() for f in plain.files] == [
        gzip.decompress(f.read_bytes()) for f in packed.files
    ]


def test_many_blocks_a_day_keep_every_event_whole(tmp_path, monkeypatch):
    """Cutting a day into blocks neither repeats an id nor splits an event."""
    monkeypatch.setattr("scorer.simulation.traffic._BLOCK_ROWS", 5)
    cut = World(profiles=300, seed=2).live(1, tmp_path)
    monkeypatch.setattr("scorer.simulation.traffic._BLOCK_ROWS", 10**6)
    whole = World(profiles=300, seed=2).live(1, tmp_path / "whole")
    for strategy_id, strategy in cut.strategies.items():
        same = whole.strategies[strategy_id]
        assert math.isclose(strategy.truth.oracle, same.truth.oracle)
        assert strategy.truth.best_offers == same.truth.best_offers
        assert strategy.arms["random"].displays == same.arms["random"].displays
    shown, _ = read_events(list(cut.files))
    texts = {(e.event_id, e.text) for e in shown if e.event_id and e.kind == "propositionDisplay"}
    assert len(texts) == len(decisions(shown)) > 500


@pytest.mark.parametrize(
    "wrong", [{"profiles": 0}, {"seed": -1}, {"web_rate": 0.0}, {"mail_rate": 1.5}]
)
def test_impossible_worlds_are_refused(wrong):
    """A parameter out of range is named with its value."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        World(**wrong)


def test_simulation_needs_neither_warehouse_nor_model():
    """The world does not import any database or model library."""
    code = (
        "import sys, scorer.simulation; "
        "print([m for m in sys.modules if m in ('duckdb', 'xgboost', 'dbt', 'scorer.training')])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.decode().strip() == "[]"
