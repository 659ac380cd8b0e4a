"""Data from after as_of changes no table that is built for as_of."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.pipeline_runs import build, build_rows
from tests.support.xdm_events import click, display, purchase, write_lines

AS_OF = datetime(2026, 9, 13)
TABLES = (
    "fct_displays",
    "dim_offers",
    "training_examples",
    "ranking_candidates",
    "eligibility_sets",
    "offer_readiness",
    "offer_feature_interactions",
    "arm_performance",
    "offer_performance",
    "traffic_allocation",
    "rejected_events",
)


def _contents(home: Path) -> dict[str, list[tuple]]:
    return {table: build_rows(home, f"select * from {table} order by all") for table in TABLES}


def _past(raw: Path) -> None:
    rng = random.Random(5)
    events = []
    for number in range(80):
        at = AS_OF - timedelta(minutes=rng.randrange(60, 7 * 24 * 60))
        profile, offer = f"p{rng.randrange(9)}", f"o{rng.randrange(4)}"
        events.append(display(f"d{number}", at, profile, [offer], device={"type": "phone"}))
        if number % 4 == 0:
            events.append(
                click(f"c{number}", at + timedelta(minutes=5), profile, offer, f"d{number}")
            )
    write_lines(raw / "experience_events" / "past.ndjson", events)
    (raw / "segment_memberships.csv").write_text(
        "profile_id,segment_id,qualified_at,exited_at\n"
        "p1,gold,2026-09-01T00:00:00Z,\n"
        "p2,gold,2026-09-01T00:00:00Z,2026-09-20T00:00:00Z\n"
    )
    (raw / "offers.csv").write_text(
        "offer_id,status,priority,start_date,end_date\n"
        "o0,approved,1,,\no1,approved,2,,2026-10-01\no2,archived,0,,\no3,approved,0,,\n"
    )
    (raw / "capping_rules.csv").write_text(
        "offer_id,capping_event,capping_type,capping_limit,period\no3,impression,profile,3,week\n"
    )


def _plant_the_future(raw: Path) -> None:
    late = AS_OF + timedelta(days=1)
    events = [
        display("f1", late, "p1", ["o0"], device={"type": "tablet"}),
        display("f2", late, "newcomer", ["o8"], placement="footer"),
        click("f3", late, "p1", "o0", "d0"),
        click("f4", late, "p3", "o1", "never"),
        purchase("f5", late, "p2", 99.0),
        {**display("f6", late, "p4", ["o0"]), "identityMap": {}},
    ]
    write_lines(raw / "experience_events" / "future.ndjson", events)
    with (raw / "segment_memberships.csv").open("a") as file:
        file.write("p3,gold,2026-09-14T00:00:00Z,\np3,brand_new,2026-09-14T00:00:00Z,\n")
    with (raw / "offers.csv").open("a") as file:
        file.write("o9,approved,5,2026-09-14T00:00:00Z,\n")


def test_planted_future_changes_nothing_at_an_earlier_as_of(tmp_path: Path) -> None:
    """Future events, memberships and offers leave every table at an earlier as_of unchanged."""
    _past(tmp_path / "raw")
    build(tmp_path / "before", tmp_path / "raw", AS_OF)
    _plant_the_future(tmp_path / "raw")
    build(tmp_path / "after", tmp_path / "raw", AS_OF)
    before, after = _contents(tmp_path / "before"), _contents(tmp_path / "after")
    for table in TABLES:
        assert after[table] == before[table], table
    assert len(before["training_examples"]) > 50


def test_a_back_fill_after_a_later_run_sees_the_old_catalogue(tmp_path: Path) -> None:
    """A back-fill uses the offers as they were at its as_of, even after the catalogue changed."""
    raw, home = tmp_path / "raw", tmp_path / "home"
    _past(raw)
    build(home, raw, AS_OF)
    before = _contents(home)
    _plant_the_future(raw)
    catalogue = (raw / "offers.csv").read_text()
    (raw / "offers.csv").write_text(catalogue.replace("o0,approved,1", "o0,archived,7"))
    build(home, raw, AS_OF + timedelta(weeks=1))
    assert build_rows(home, "select status, priority from dim_offers where offer_id = 'o0'") == [
        ("archived", 7)
    ]
    build(home, raw, AS_OF)
    after = _contents(home)
    for table in TABLES:
        assert after[table] == before[table], table
