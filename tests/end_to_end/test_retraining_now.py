"""When an offer collapses, the next cycle reports it and `run --retrain-now` retrains early."""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.commands import exit_code
from tests.support.pipeline_runs import published

WEEK = timedelta(days=7)
FIRST = datetime(2026, 1, 25)
DISPLAYS = 6000


def write_displays(raw: Path) -> None:
    """Write five weeks of random displays; one of three offers collapses in the last two weeks."""
    rng = random.Random(2)
    raw.mkdir()
    with (raw / "displays.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(
            ["event_ts", "profile_id", "offer_id", "clicked", "traffic_type", "seg_gold"]
        )
        for number in range(DISPLAYS):
            at = FIRST - 3 * WEEK + number * 5 * WEEK / DISPLAYS
            offer = rng.choice(["x", "y", "z"])
            rate = 0.01 if offer == "z" and at >= FIRST else 0.1
            clicked, gold = int(rng.random() < rate), rng.random() < 0.5
            writer.writerow([at, f"p{number % 1500}", offer, clicked, "random", gold])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with a cycle before the collapse and one a week later."""
    folder = tmp_path_factory.mktemp("collapse")
    write_displays(folder / "raw")
    for as_of in (FIRST, FIRST + WEEK):
        inputs = ("--raw", folder / "raw", "--home", folder / "home", "--as-of", as_of.isoformat())
        assert exit_code("run", *inputs) == 0
    return folder / "home"


@pytest.mark.slow
def test_a_collapse_is_reported_and_retrained_early(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`status` names the offer; `run --retrain-now` adds a run to the cycle and needs no --raw."""
    assert exit_code("status", "--json", "--home", home) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    shifts = [row for row in findings if row["assumption"] == "stable_performance"]
    assert [(row["subject"], row["severity"]) for row in shifts] == [("z", "severe")]
    assert not findings[0]["retrain_recommended"], "this cycle has trained on the same displays"
    assert findings[0]["sentence"].startswith("z suddenly earns less: ")
    at = (FIRST + WEEK + timedelta(hours=15)).isoformat()
    assert exit_code("run", "--retrain-now", "--home", home, "--as-of", at) == 0
    runs = published(home, "select as_of, cycle_date from training_runs order by as_of")
    assert [run["as_of"] for run in runs] == [
        FIRST,
        FIRST + WEEK,
        FIRST + WEEK + timedelta(hours=15),
    ]
    assert runs[1]["cycle_date"] == runs[2]["cycle_date"]


@pytest.mark.slow
def test_the_cycle_before_the_collapse_is_stable(home: Path) -> None:
    """The publication before the collapse reports stable traffic and stable offers."""
    file = next((home / "published").glob("nextoffer-20260125*.duckdb"))
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute("select assumption, severity from health_findings").fetchall()
    stable = [severity for name, severity in found if name.startswith("stable_")]
    assert len(stable) == 3
    assert set(stable) == {"ok"}
