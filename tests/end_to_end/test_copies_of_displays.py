"""Displays exported again in another form are copies, and different displays are none."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scorer.warehouse.quick_build import QuickBuild
from tests.support.pipeline_runs import settings

AS_OF, ROWS = datetime(2026, 1, 31), 20
# Person and offer of different displays at one moment.
APART = [("a|b", "c"), ("a", "b|c"), ('a","b', "c"), ("a", 'b","c'), ("a\x1fb", "c"), ("ab", "c")]
MOMENTS = [datetime(2026, 1, day + 1, 10) for day in range(ROWS)]


def _counts(raw: Path) -> tuple[int, list[tuple[int, int]]]:
    """Return the number of displays, and rows and used or counted rows of each file."""
    quick = QuickBuild(settings(raw.parent / "home", raw, AS_OF))
    try:
        quick.build(["fct_displays", "input_files"])
        (displays,) = quick.connection.execute("select count(*) from fct_displays").fetchall()[0]
        files = "select rows, used_rows + rejected + duplicates from input_files order by file"
        return displays, quick.connection.execute(files).fetchall()
    finally:
        quick.close()


def test_only_the_same_displays_in_other_forms_are_copies(tmp_path: Path) -> None:
    """Kind of file, order of columns, form of a time, 1 and 1.0, flags: none makes a display.

    Ids that differ only in the place of a separator do.
    """
    raw = tmp_path / "raw" / "displays"
    raw.mkdir(parents=True)
    lines = [f"{at:%Y-%m-%dT%H:%M:%S}Z,p{at.day},{at.day % 3},1,1,1" for at in MOMENTS]
    text = "\n".join(["event_ts,profile_id,offer_id,position,seg_gold,ctx_age", *lines])
    (raw / "a.csv").write_text(text)
    (raw / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
    turned = [
        f"1.00;yes;1.0;{at.day % 3}.0; p{at.day} ;{at + timedelta(hours=2)}+02:00" for at in MOMENTS
    ]
    header = "Ctx_age;seg_gold;Position;Offer ID;profile_id;event_ts"
    (raw / "c.csv").write_text("\n".join([header, *turned]))
    typed = {
        "event_ts": MOMENTS,
        "profile_id": [f"p{at.day}" for at in MOMENTS],
        "offer_id": [at.day % 3 for at in MOMENTS],
        "seg_gold": [True] * ROWS,
        "seg_young": [False] * ROWS,
        "ctx_age": [1.0] * ROWS,
    }
    pq.write_table(pa.table(typed), raw / "d.parquet")
    records = [
        {"ctx_age": 1, "seg_gold": "Y", "event_ts": at.replace(tzinfo=UTC).timestamp() * 1000}
        | {"profile_id": f"p{at.day}", "offer_id": at.day % 3, "ctx_none": None}
        for at in MOMENTS
    ]
    (raw / "e.ndjson").write_text("\n".join(map(json.dumps, records)))
    others = [
        {"event_ts": "2026-01-25T10:00:00Z", "profile_id": profile, "offer_id": offer}
        for profile, offer in APART
    ]
    (raw / "f.ndjson").write_text("\n".join(map(json.dumps, others)))
    displays, files = _counts(tmp_path / "raw")
    assert displays == ROWS + len(APART)
    assert files == [(ROWS, ROWS)] * 5 + [(len(APART), len(APART))]
