"""Bad records are rejected with their reason; good records of the same file are kept."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.errors import InputError
from tests.support.pipeline_runs import build, build_rows
from tests.support.xdm_events import display, write_lines

AS_OF = datetime(2026, 9, 13)
AT = AS_OF - timedelta(days=2)
TABLES = "+rejected_events +fct_displays +dim_offers"


def _event(**changes: object) -> str:
    return json.dumps({**display("e", AT, "p", ["o"]), **changes})


EVENT_DEFECTS = {
    b"": "blank line",
    b"no JSON at all": "not a JSON object",
    b"[1, 2]": "not a JSON object",
    b"5": "not a JSON object",
    _event()[:100].encode(): "not a JSON object",
    b'{"_id": "\xff\xfe"}': "not UTF-8",
    _event(_id="").encode(): "no event id",
    _event(_id=None).encode(): "no event id",
    _event(_id="e1", timestamp=None).encode(): "no timestamp",
    _event(
        _id="e2", timestamp="2026-13-45T99:00:00Z"
    ).encode(): "timestamp cannot be read as a time",
    _event(_id="e3", timestamp=1_700).encode(): "timestamp cannot be read as a time",
    _event(_id="e4", timestamp="0001-01-01T00:00:00Z").encode(): "timestamp out of range",
    _event(_id="e5", eventType=None).encode(): "no event type",
    _event(_id="e6", identityMap={}).encode(): "no identity",
    _event(_id="e7", identityMap="someone").encode(): "no identity",
    _event(_id="e8", identityMap={"E": [{"id": ""}]}).encode(): "no identity",
    _event(_id="e9", _experience=None).encode(): "no propositions",
    _event(_id="e10", _experience={"decisioning": {"propositions": "x"}}).encode(): (
        "no propositions"
    ),
    _event(_id="e11", _experience={"decisioning": {"propositions": []}}).encode(): (
        "no propositions"
    ),
}


def test_every_defect_of_an_event_is_named_with_its_line(tmp_path: Path) -> None:
    """Each kind of broken line is rejected with reason and line number; good lines are kept."""
    folder = tmp_path / "raw" / "experience_events"
    folder.mkdir(parents=True)
    good = [json.dumps(display(name, AT, "p", ["o"])).encode() for name in ("first", "last")]
    lines = [good[0], *EVENT_DEFECTS, good[1]]
    (folder / "events.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    build(tmp_path, tmp_path / "raw", AS_OF, TABLES)
    found = build_rows(
        tmp_path, "select line_number, reason from rejected_events order by line_number"
    )
    assert found == [(number, reason) for number, reason in enumerate(EVENT_DEFECTS.values(), 2)]
    assert build_rows(tmp_path, "select count(*) from fct_displays") == [(2,)]


def test_half_good_events_keep_their_good_part(tmp_path: Path) -> None:
    """An item without an id and a proposition without items are rejected; siblings are kept."""
    event = display("e", AT, "p", ["o1", "o2"])
    propositions = event["_experience"]["decisioning"]["propositions"]
    propositions[0]["items"].append({"name": "nameless"})
    propositions.append({"id": "empty"})
    write_lines(tmp_path / "raw" / "experience_events.ndjson", [event])
    build(tmp_path, tmp_path / "raw", AS_OF, TABLES)
    assert build_rows(tmp_path, "select offer_id, position from fct_displays order by 2") == [
        ("o1", 1),
        ("o2", 2),
    ]
    assert build_rows(tmp_path, "select reason from rejected_events order by 1") == [
        ("display without items: send the id of each displayed item",),
        ("item without id",),
    ]


def test_a_very_long_line_is_read_or_rejected(tmp_path: Path) -> None:
    """A 40 MB line with an event is read; one without is rejected and its text is truncated."""
    long_event = _event(_id="long", padding="x" * 40_000_000)
    path = tmp_path / "raw" / "experience_events" / "long.ndjson"
    path.parent.mkdir(parents=True)
    path.write_text(long_event + "\n" + "y" * 40_000_000 + "\n" + _event(_id="short") + "\n")
    build(tmp_path, tmp_path / "raw", AS_OF, TABLES)
    assert build_rows(tmp_path, "select event_id from fct_displays order by 1") == [
        ("long",),
        ("short",),
    ]
    assert build_rows(
        tmp_path, "select line_number, reason, length(raw_text) from rejected_events"
    ) == [(2, "not a JSON object", 2000)]


def test_a_line_beyond_the_limit_is_rejected_by_number(tmp_path: Path) -> None:
    """A line over 128 MB is rejected as too long with truncated text; the next line is read."""
    path = tmp_path / "raw" / "experience_events" / "long.ndjson"
    path.parent.mkdir(parents=True)
    path.write_text(_event(_id="long", padding="x" * 135_000_000) + "\n" + _event() + "\n")
    build(tmp_path, tmp_path / "raw", AS_OF, TABLES)
    assert build_rows(tmp_path, "select event_id from fct_displays") == [("e",)]
    assert build_rows(
        tmp_path, "select line_number, reason, length(raw_text) from rejected_events"
    ) == [(1, "line too long", 2000)]


FLAT_DEFECTS = {
    ",p,o,1,1,1": "no timestamp",
    "yesterday,p,o,1,1,1": "timestamp cannot be read as a time",
    "2026-09-10,,o,1,1,1": "no profile_id",
    "2026-09-10,p,,1,1,1": "no offer_id",
    "2026-09-10,p,o,1.5,1,1": "propensity not in (0, 1]",
    "2026-09-10,p,o,0,1,1": "propensity not in (0, 1]",
    "2026-09-10,p,o,much,1,1": "propensity not in (0, 1]",
    "2026-09-10,p,o,1,maybe,1": "clicked is not 0 or 1",
    "2026-09-10,p,o,1,1,inf": "value cannot be read as a number",
    "2026-09-10,p,o,1,1,a lot": "value cannot be read as a number",
}


@pytest.mark.parametrize("compressed", [False, True])
def test_every_defect_of_a_flat_display_is_named(tmp_path: Path, compressed: bool) -> None:
    """Each kind of broken flat row is rejected with its reason and line, plain and compressed."""
    good = "2026-09-10T10:00:00Z,p,o,0.5,1,2.5"
    text = "\n".join(["event_ts,profile_id,offer_id,propensity,clicked,value", *FLAT_DEFECTS, good])
    raw = tmp_path / "raw"
    raw.mkdir()
    if compressed:
        (raw / "displays.csv.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (raw / "displays.csv").write_text(text)
    build(tmp_path, raw, AS_OF, TABLES)
    found = build_rows(
        tmp_path, "select line_number, reason from rejected_events order by line_number"
    )
    assert found == [(number, reason) for number, reason in enumerate(FLAT_DEFECTS.values(), 2)]
    assert build_rows(tmp_path, "select propensity, is_clicked, value from fct_displays") == [
        (0.5, True, 2.5)
    ]


def test_broken_offers_and_memberships_are_rejected(tmp_path: Path) -> None:
    """Each broken offer or membership is rejected with its reason, including one with extra
    columns."""
    raw = tmp_path / "raw"
    raw.mkdir()
    write_lines(raw / "experience_events.ndjson", [display("e", AT, "p", ["o1"])])
    (raw / "offers.csv").write_text(
        "offer_id,status,priority,start_date,end_date\n"
        "o1,approved,1,,\n"
        ",approved,1,,\n"
        "o1,approved,2,,\n"
        "o2,on sale,1,,\n"
        "o3,approved,high,,\n"
        "o4,approved,1,2026-09-10,2026-09-01\n"
        "o5,approved,1,2026-09-01,soon\n"
        "o6,approved,1,,,one too many\n"
    )
    (raw / "segment_memberships.csv").write_text(
        "profile_id,segment_id,qualified_at,exited_at\n"
        "p,s,2026-09-01,\n"
        ",s,2026-09-01,\n"
        "p,,2026-09-01,\n"
        "p,s,once,\n"
        "p,s,2026-09-02,2026-09-01\n"
    )
    build(tmp_path, raw, AS_OF, TABLES)
    found = build_rows(
        tmp_path, "select input_name, line_number, reason from rejected_events order by 1, 2"
    )
    assert found == [
        ("offers", 3, "no offer_id"),
        ("offers", 4, "offer_id is repeated"),
        ("offers", 5, "unknown status"),
        ("offers", 6, "priority is not a whole number"),
        ("offers", 7, "end_date is not after start_date"),
        ("offers", 8, "end_date cannot be read as a time"),
        ("offers", 9, "more columns than the header"),
        ("segment_memberships", 3, "no profile_id"),
        ("segment_memberships", 4, "no segment_id"),
        ("segment_memberships", 5, "qualified_at cannot be read as a time"),
        ("segment_memberships", 6, "exited_at before qualified_at"),
    ]
    assert build_rows(tmp_path, "select offer_id, priority from dim_offers") == [("o1", 1)]


@pytest.mark.parametrize(
    ("file", "header", "problem"),
    [
        (
            "displays.csv",
            "event_ts,profile_id,offer_id,clicked,clicked",
            "column clicked appears twice",
        ),
        ("offers.csv", "offer_id;status;Status", "column Status appears twice"),
        ("offers.csv", "a,1,1", "column 1 appears twice; its first line must name the columns"),
        (
            "segment_memberships.csv",
            'profile_id,segment_id,"segment_id"',
            "column segment_id appears twice",
        ),
    ],
)
def test_a_repeated_column_stops_the_run(
    tmp_path: Path, file: str, header: str, problem: str
) -> None:
    """A repeated column is an error that names the file and the column."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / file).write_text(header + "\n")
    model = f"+stg_{'flat__' if file == 'displays.csv' else ''}{file.split('.')[0]}"
    with pytest.raises(InputError, match=rf"^{raw / file}: {problem}"):
        build(tmp_path, raw, AS_OF, model)


def test_odd_names_are_kept(tmp_path: Path) -> None:
    """Names of segments, features, offers and folders may contain quotes, commas and wildcards."""
    raw = tmp_path / "my [raw] *files"
    odd = "a\"b, 'c' | d?"
    event = display("e", AT, "p", [odd], placement=odd, device={"type": odd})
    event["identityMap"] = {'b"c': [{"id": "other"}], 'a"b': [{"id": "p"}]}
    event["placeContext"] = {"geo": {"@id": "somewhere"}}
    write_lines(raw / "experience_events" / "log.ndjson", [event])
    membership = {"lastQualificationTime": "2026-09-01T00:00:00Z", "status": "realized"}
    profile = {"profile_id": "p", "segmentMembership": {'u"ps': {odd: membership}}}
    (raw / "segment_memberships.ndjson").write_text(json.dumps(profile) + "\n")
    flat = '{"event_ts": "2026-09-10", "profile_id": "q", "offer_id": "x", "ctx_a\\"b": "1",'
    flat += ' "ctx_twice": "first", "ctx_twice": "second", "seg_c\\"d": true}'
    (raw / "displays").mkdir()
    (raw / "displays" / "one.ndjson").write_text(flat + "\n")
    (raw / "displays" / "two.csv").write_text(
        'event_ts,profile_id,offer_id,"ctx_e f\'s"\n2026-09-10,q,x,1\n'
    )
    build(tmp_path / "home", raw, AS_OF, f"{TABLES} +int_profile_segments")
    home = tmp_path / "home"
    assert build_rows(home, "select * from rejected_events") == []
    found = [
        (*names, {key: value for key, value in context.items() if value is not None})
        for *names, context in build_rows(
            home, "select profile_id, offer_id, placement_id, context from fct_displays"
        )
    ]
    assert ("p", odd, odd, {"device_type": odd}) in found
    assert ("q", "x", "default", {'a"b': "1", "twice": "first"}) in found
    assert ("q", "x", "default", {"e f's": "1"}) in found
    known = build_rows(home, "select segments from int_profile_segments where profile_id = 'p'")
    assert known == [([odd],)]
