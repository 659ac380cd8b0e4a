"""Real decisions, as dirty XDM events and as flat displays, and published example documents."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.paths import DATA
from tests.support.pipeline_runs import build, build_rows

pytestmark = pytest.mark.skipif(
    not (DATA / "xdm").is_dir(), reason="needs the development data in ../shared/data"
)
AS_OF = datetime(2019, 12, 2)
DIRTY = DATA / "xdm" / "obd_random_men.ndjson.gz"
MEASURES = """
    select event_ts::date, offer_id, placement_id, activity_id, scope_id, count(*), sum(clicks)
    from fct_displays group by all order by all
"""


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build from the dirty XDM file."""
    folder = tmp_path_factory.mktemp("dirty")
    (folder / "raw" / "experience_events").mkdir(parents=True)
    shutil.copy(DIRTY, folder / "raw" / "experience_events")
    build(folder, folder / "raw", AS_OF)
    return folder


def test_every_display_and_click_is_found(dirty: Path) -> None:
    """The dirty file yields all of its 10,000 displays and 46 clicks."""
    assert build_rows(dirty, "select count(*), sum(clicks) from fct_displays") == [(10_000, 46)]


def test_every_planted_defect_is_accounted_for(dirty: Path) -> None:
    """Exactly the planted defects are rejected, by reason, and exactly the duplicates are found."""
    planted = json.loads((DIRTY.parent / (DIRTY.name + ".planted.json")).read_text())
    reasons = Counter(
        dict(build_rows(dirty, "select reason, count(*) from rejected_events group by 1"))
    )
    assert reasons == {
        "not a JSON object": planted["truncated_lines"] + planted["not_json"],
        "no event id": planted["events_without_id"],
        "timestamp cannot be read as a time": planted["impossible_times"],
        "blank line": planted["blank_lines"],
        "no display for this interaction": planted["orphan_interactions"],
    }
    staged = build_rows(
        dirty,
        "select count(*) - count(distinct event_id) from stg_xdm__events"
        " where reject_reason is null",
    )
    assert staged == [(planted["duplicates"],)]


def test_a_rejected_line_keeps_its_number_and_text(dirty: Path) -> None:
    """The rejected blank line is listed with its line number and its text."""
    found = build_rows(
        dirty, "select line_number, raw_text from rejected_events where reason = 'blank line'"
    )
    assert found == [(10253, "")]


def test_flat_displays_give_the_same_measures(dirty: Path, tmp_path: Path) -> None:
    """The same decisions as flat displays give the same displays and clicks per day and offer."""
    (tmp_path / "raw").mkdir()
    shutil.copy(DATA / "obd_random_men.parquet", tmp_path / "raw" / "displays.parquet")
    build(tmp_path, tmp_path / "raw", AS_OF, "features")
    assert build_rows(tmp_path, MEASURES) == build_rows(dirty, MEASURES)


def test_example_documents_are_read_or_rejected(tmp_path: Path) -> None:
    """Each published example document is read or rejected with a reason; none stops the build."""
    folder = tmp_path / "raw" / "experience_events"
    shutil.copytree(DATA / "xdm" / "examples", folder)
    for path in [folder, *folder.iterdir()]:
        path.chmod(0o755)
    build(tmp_path, tmp_path / "raw", datetime(2026, 1, 1))
    found = dict(build_rows(tmp_path, "select source_file, reason from rejected_events"))
    names = {f"experience_events/{path.name}" for path in folder.iterdir()}
    read = {name for (name,) in build_rows(tmp_path, "select source_file from int_events")}
    assert set(found) | read == names
    assert found["experience_events/placecontext.example.1.json"] == "no event id"
    assert (
        found["experience_events/experienceevent-proposition-interaction.example.2.json"]
        == "no identity"
    )
