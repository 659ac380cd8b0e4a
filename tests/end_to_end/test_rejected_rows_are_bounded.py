"""Of many bad rows in a file, few are kept, and all are counted."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.pipeline_runs import build, build_rows
from tests.support.xdm_events import display

AS_OF = datetime(2026, 9, 13)
KEPT = 1_000
GOOD = [
    json.dumps(display(name, AS_OF - timedelta(days=2), "p", ["o"])).encode()
    for name in ("first", "second", "third")
]
ROW = b"2026-09-10,p%d,o\n"
REASONS = """
select input_name, reason, count(*), sum(records), max(records), max(line_number)
from rejected_events
group by all
order by all
"""
FILES = "select input, rows, used_rows, rejected, duplicates from input_files order by input"
STAGED = """
select
    (select count(*) from stg_flat__displays where reject_reason is not null),
    (select count(*) from stg_xdm__events where reject_reason is not null),
    (select count(*) from raw_rejected_lines)
"""


def test_of_each_file_and_reason_the_first_rows_are_kept(tmp_path: Path) -> None:
    """Rows = used rows + rejected + duplicates, with 1,000 rows per reason and one that counts."""
    raw = tmp_path / "raw"
    (raw / "experience_events").mkdir(parents=True)
    events = raw / "experience_events" / "log.ndjson"
    bad = [*[b""] * 1_500, *[b"not json"] * 3, *[b'{"_id": "\xff"}'] * 1_200]
    events.write_bytes(b"\n".join([GOOD[0], *bad, GOOD[1], b"[1]", GOOD[2]]) + b"\n")
    flat = b"event_ts,profile_id,offer_id\n" + ROW % 1 + b"soon,p,o\n" * 2_500 + ROW % 2
    (raw / "displays.csv").write_bytes(flat)
    selector = "+rejected_events +input_files +input_findings"
    build(tmp_path, raw, AS_OF, selector)
    expected = [
        ("displays", "timestamp cannot be read as a time", KEPT + 1, 2_500, 1_500, KEPT + 2),
        ("experience_events", "blank line", KEPT + 1, 1_500, 500, KEPT + 1),
        # Behind the 1,000th line that cannot be read, lines are not numbered.
        ("experience_events", "not UTF-8", KEPT + 1, 1_200, 200, 1_504 + KEPT),
        ("experience_events", "not a JSON object", 4, 4, 1, 1_504),
    ]
    assert build_rows(tmp_path, REASONS) == expected
    counted = [("displays", 2_502, 2, 2_500, 0), ("experience_events", 2_707, 3, 2_704, 0)]
    assert build_rows(tmp_path, FILES) == counted
    assert build_rows(tmp_path, STAGED) == [(KEPT, KEPT + 4, KEPT + 3)]
    found = "select occurrences from input_findings where subject in ('blank line', 'not UTF-8')"
    assert build_rows(tmp_path, f"{found} order by 1") == [(1_200,), (1_500,)]
    build(tmp_path, raw, AS_OF, selector)
    assert build_rows(tmp_path, REASONS) == expected, "the same again where nothing is read anew"
    events.write_bytes(b"\n".join([GOOD[0], b"", GOOD[1], GOOD[2]]) + b"\n")
    build(tmp_path, raw, AS_OF, selector)
    assert build_rows(tmp_path, REASONS) == [
        expected[0],
        ("experience_events", "blank line", 1, 1, 1, 2),
    ]
    assert build_rows(tmp_path, FILES)[1] == ("experience_events", 4, 3, 1, 0)
