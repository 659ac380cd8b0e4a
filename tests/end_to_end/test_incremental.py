"""Weekly incremental loads give the same tables as one full load."""

from __future__ import annotations

import json
import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.progress import Silent
from scorer.warehouse.dbt import run_dbt
from tests.support.paths import PROJECT
from tests.support.pipeline_runs import build, build_rows
from tests.support.xdm_events import click, display, purchase, write_lines

START = datetime(2026, 9, 6)
JUDGED = "+fct_displays +rejected_events +training_examples"
HISTORY = {
    "int_events": "event_id",
    "int_displays": "display_id",
    "int_proposition_items": "item_event_id",
    "int_attributed_interactions": "interaction_id",
}


def _week(week: int, rng: random.Random) -> list[dict]:
    """Displays, clicks and purchases of one week, in random order."""
    events = []
    for number in range(60):
        at = START + timedelta(weeks=week, minutes=rng.randrange(7 * 24 * 60))
        name, profile = f"w{week}-{number}", f"p{rng.randrange(20)}"
        events.append(display(name, at, profile, [f"o{rng.randrange(4)}", "o9"]))
        if number % 3 == 0:
            events.append(click(f"{name}-c", at + timedelta(hours=1), profile, "o9", name))
        if number % 5 == 0:
            events.append(purchase(f"{name}-b", at + timedelta(days=2), profile, 5.0 + number))
    rng.shuffle(events)
    return events


@pytest.fixture
def three_weeks() -> list[list[dict]]:
    """Three weekly loads with late, repeated and back-dated events across them."""
    rng = random.Random(3)
    weeks = [_week(week, rng) for week in range(3)]
    first, second, third = weeks
    second.append(first.pop())  # arrives a week late
    third.append(first.pop())  # arrives two weeks late
    third.append(second[0])  # repeated in a later file
    late = display("twice", START + timedelta(weeks=2, hours=5), "p1", ["o1"])
    early = display("twice", START + timedelta(hours=5), "p1", ["o1"])
    first.append(display("other", START + timedelta(hours=6), "p1", ["o2"]))
    second.append({**late})
    third.append({**early})  # the same id at an earlier time: it replaces the first
    return weeks


def test_weekly_loads_equal_one_full_refresh(tmp_path: Path, three_weeks: list[list[dict]]) -> None:
    """After three incremental loads, history tables and marts equal those of one full build."""
    raw = tmp_path / "raw"
    for week, events in enumerate(three_weeks):
        write_lines(raw / "experience_events" / f"week={week}.ndjson", events)
        build(tmp_path / "weekly", raw, START + timedelta(weeks=week + 1), "features")
    build(tmp_path / "at_once", raw, START + timedelta(weeks=3), "features")
    for table, key in HISTORY.items():
        sql = f"select * exclude (load_id) from {table} order by {key}"
        assert build_rows(tmp_path / "weekly", sql) == build_rows(tmp_path / "at_once", sql), table
    for table in ("training_examples", "ranking_candidates", "offer_readiness"):
        sql = f"select * from {table} order by all"
        assert build_rows(tmp_path / "weekly", sql) == build_rows(tmp_path / "at_once", sql), table


def test_a_loaded_file_is_not_read_again(tmp_path: Path, three_weeks: list[list[dict]]) -> None:
    """The second load reads the new file only; rows of the first file keep their load_id."""
    raw = tmp_path / "raw"
    for week, events in enumerate(three_weeks[:2]):
        write_lines(raw / "experience_events" / f"week={week}.ndjson", events)
        build(tmp_path / "home", raw, START + timedelta(weeks=week + 1), "+fct_displays")
    loads = build_rows(
        tmp_path / "home",
        "select source_file, min(load_id), max(load_id) from stg_xdm__events group by 1 order by 1",
    )
    assert loads == [
        ("experience_events/week=0.ndjson", 1, 1),
        ("experience_events/week=1.ndjson", 2, 2),
    ]


def test_a_file_that_grew_is_read_again(tmp_path: Path, three_weeks: list[list[dict]]) -> None:
    """Lines appended to a loaded file are added, and its other lines are not duplicated."""
    raw = tmp_path / "raw"
    path = raw / "experience_events" / "log.ndjson"
    write_lines(path, three_weeks[0])
    build(tmp_path / "home", raw, START + timedelta(weeks=1), "+int_displays")
    write_lines(path, three_weeks[0] + three_weeks[1])
    build(tmp_path / "home", raw, START + timedelta(weeks=2), "+int_displays")
    build(tmp_path / "fresh", raw, START + timedelta(weeks=2), "+int_displays")
    sql = "select * exclude (load_id) from int_displays order by display_id"
    assert build_rows(tmp_path / "home", sql) == build_rows(tmp_path / "fresh", sql)
    assert len(build_rows(tmp_path / "home", sql)) > 200


def test_a_new_context_feature_reads_history_again(
    tmp_path: Path, three_weeks: list[list[dict]]
) -> None:
    """A row added to context_features.csv adds the feature to events that were loaded before."""
    raw = tmp_path / "raw"
    events = [{**event, "device": {"type": "tablet"}} for event in three_weeks[0]]
    write_lines(raw / "experience_events" / "log.ndjson", events)
    features = raw / "context_features.csv"
    features.write_text("feature_name,path,value_type\nos,environment.operatingSystem,category\n")
    build(tmp_path / "home", raw, START + timedelta(weeks=1), "features")
    features.write_text(features.read_text() + "device,device.type,category\n")
    build(tmp_path / "home", raw, START + timedelta(weeks=1), "features")
    found = build_rows(
        tmp_path / "home", "select distinct context['device'] from training_examples"
    )
    assert found == [("tablet",)]


def test_a_new_event_type_reads_history_again(
    tmp_path: Path, three_weeks: list[list[dict]]
) -> None:
    """An event type added to the seed also applies to events that were loaded before."""
    project, raw, as_of = tmp_path / "project", tmp_path / "raw", START + timedelta(weeks=1)
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    events = [{**event, "eventType": "acme.shown"} for event in three_weeks[0]]
    write_lines(raw / "experience_events" / "log.ndjson", events)
    made = Settings(home=tmp_path / "home", raw=raw, as_of=as_of, project_dir=project)
    run_dbt(made, "+int_displays", "features", Silent())
    assert build_rows(made.home, "select count(*) from int_displays") == [(0,)]
    with (project / "seeds" / "xdm_event_types.csv").open("a") as seed:
        seed.write("acme.shown,display\n")
    run_dbt(made, "+int_displays", "features", Silent())
    assert build_rows(made.home, "select count(*) > 100 from int_displays") == [(True,)]


def _assert_equals_fresh_build(home: Path, raw: Path, as_of: datetime, fresh: Path) -> None:
    """Build again; the tables equal those of `fresh`, which is built once."""
    build(home, raw, as_of, JUDGED)
    if not fresh.exists():
        build(fresh, raw, as_of, JUDGED)
    for table in ("fct_displays", "rejected_events", "training_examples"):
        sql = f"select * from {table} order by all"
        assert build_rows(home, sql) == build_rows(fresh, sql), table


def test_a_replaced_file_counts_as_it_is_now(tmp_path: Path, three_weeks: list[list[dict]]) -> None:
    """Events and flat rows removed from a file disappear, even the earliest ones."""
    raw, as_of = tmp_path / "raw", START + timedelta(weeks=1)
    log, flat = raw / "experience_events" / "log.ndjson", raw / "displays.csv"
    in_order = sorted(three_weeks[0], key=lambda event: event["timestamp"])
    write_lines(log, in_order)
    header = "event_ts,profile_id,offer_id,request_id\n"
    days = [f"2026-09-{6 + day:02},p,o,r{day}\n" for day in range(6)]
    flat.write_text(header + "".join(days))
    build(tmp_path / "home", raw, as_of, JUDGED)
    write_lines(log, in_order[30:])
    flat.write_text(header + "".join(days[3:]))
    _assert_equals_fresh_build(tmp_path / "home", raw, as_of, tmp_path / "fresh")


def test_an_emptied_file_counts_as_empty(tmp_path: Path, three_weeks: list[list[dict]]) -> None:
    """The rows of an emptied file disappear, it is reported once, and refilling restores them."""
    raw, home, as_of = tmp_path / "raw", tmp_path / "home", START + timedelta(weeks=1)
    log, flat = raw / "experience_events" / "b.ndjson", raw / "displays" / "b.csv"
    write_lines(raw / "experience_events" / "a.ndjson", three_weeks[0][:30])
    write_lines(log, three_weeks[0][30:])
    flat.parent.mkdir()
    header, row = "event_ts,profile_id,offer_id,request_id\n", "2026-09-07,p,o,"
    (flat.parent / "a.csv").write_text(header + row + "r1\n")
    flat.write_text(header + row + "r2\n")
    build(home, raw, as_of, JUDGED)
    before = build_rows(home, "select * from fct_displays order by all")
    texts = log.read_text(), flat.read_text()
    log.write_text("")
    flat.write_text(header)
    for _ in range(2):
        _assert_equals_fresh_build(home, raw, as_of, tmp_path / "fresh")
    sql = "select source_file, line_number from rejected_events where reason like 'file w%'"
    reported = build_rows(home, sql)
    assert sorted(reported) == [("displays/b.csv", 0), ("experience_events/b.ndjson", 0)]
    assert len(build_rows(home, "select * from fct_displays")) < len(before)
    log.write_text(texts[0])
    flat.write_text(texts[1])
    build(home, raw, as_of, JUDGED)
    assert build_rows(home, "select * from fct_displays order by all") == before


def test_a_fixed_line_is_no_longer_rejected(tmp_path: Path) -> None:
    """Broken JSON and broken UTF-8 are no longer rejected once the file is fixed."""
    raw, as_of = tmp_path / "raw", START + timedelta(weeks=1)
    path = raw / "experience_events" / "log.ndjson"
    path.parent.mkdir(parents=True)
    good = [json.dumps(display(f"d{n}", START, "p", ["o"])).encode() for n in range(3)]
    path.write_bytes(good[0] + b"\n" + good[1][:40] + b"\n\xff" + good[2] + b"\n")
    build(tmp_path / "home", raw, as_of, JUDGED)
    assert build_rows(tmp_path / "home", "select line_number, reason from rejected_events") == [
        (2, "not a JSON object"),
        (3, "not UTF-8"),
    ]
    path.write_bytes(b"\n".join(good) + b"\n")
    _assert_equals_fresh_build(tmp_path / "home", raw, as_of, tmp_path / "fresh")
    assert build_rows(tmp_path / "home", "select count(*) from rejected_events") == [(0,)]
