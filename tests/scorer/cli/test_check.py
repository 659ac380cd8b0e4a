"""`nextoffer check` reports how a run would read the inputs, and ends with the code of the run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.cycle.check import check
from scorer.inputs import sample
from tests.support.commands import Command

START = datetime(2026, 11, 1)


def write_log(raw: Path, rows: int, *, depends: bool = False, hours: float = 1.0) -> None:
    """Write displays of two offers, drawn by a coin or by the segment, without propensity."""
    draw = random.Random(7)
    lines = ["Event Time,customer,Offer ID,Clicked,seg_loyal,ctx_device,colour"]
    for place in range(rows):
        loyal = draw.random() < 0.5
        offer = "card-a" if (loyal if depends else draw.random() < 0.5) else "card-b"
        moment = START + timedelta(hours=place * hours)
        clicked = "yes" if draw.random() < 0.2 else "no"
        device = draw.choice(("mobile", "desktop"))
        lines.append(
            f"{moment.isoformat()},c{place % 150},{offer},{clicked},{int(loyal)},{device},red"
        )
    raw.mkdir(exist_ok=True)
    (raw / "displays.csv").write_text(
        "\n".join(lines).replace("Event Time,customer", "event_ts,profile_id") + "\n"
    )


def test_a_check_reports_the_files_and_what_is_missing(tmp_path: Path, nextoffer: Command) -> None:
    """Rows, period, other spellings, unused columns, readiness with its date, and the next step."""
    write_log(tmp_path / "raw", 400)
    (tmp_path / "raw" / "ofers.csv").write_text("offer_id\ncard-a\n")
    began = time.monotonic()
    outcome = nextoffer("check", tmp_path / "raw", "--home", tmp_path / "home")
    assert time.monotonic() - began < 10
    assert outcome.code == 0
    for said in (
        "as of 2026-11-18 UTC, the last record is of 2026-11-17",
        "Offer ID as offer_id",
        "warning: displays: column colour is not used",
        "warning: ofers.csv is not read; did you mean offers?",
        "clicked: no as false",
        "of 250 displays",
        "days at this pace",
        "To train: 2 ready offers are needed, none found",
        "To evaluate: 100% of the displays have neither traffic_type nor propensity. They look"
        " uniform",
        "To see a lift of 10 %",
        f"Next, run: nextoffer run --home {tmp_path / 'home'} --raw {tmp_path / 'raw'} --as-of",
    ):
        assert said in outcome.out, outcome.out
    assert not (tmp_path / "home").exists()


def test_a_check_starts_without_dbt_and_models() -> None:
    """What takes long to import and is not needed is not imported."""
    modules = "scorer.cli.app, scorer.cli.check_tables, scorer.cycle.check"
    heavy = "{'dbt', 'numpy', 'pyarrow', 'scipy', 'streamlit', 'xgboost'}"
    code = f"import {modules}, sys; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_assignment_that_depends_on_a_feature_is_found(tmp_path: Path) -> None:
    """Offers that a segment determined are not treated as random."""
    write_log(tmp_path, 400, depends=True)
    found = check(
        Settings(home=tmp_path / "home", as_of=datetime(2026, 11, 22), raw=tmp_path), True
    )
    assert found.assignment[0]["feature"] == "loyal"
    assert found.assignment[0]["adjusted_p_value"] < 1e-9
    assert {row["feature"] for row in found.assignment} == {"loyal", "device", "all offers"}


def test_declared_assignment_gives_random_traffic(tmp_path: Path, nextoffer: Command) -> None:
    """With one setting, displays that say nothing count as random, and can be evaluated."""
    write_log(tmp_path / "raw", 400)
    options = ("--home", tmp_path / "home", "--assignment", "uniform", "--json")
    report = json.loads(nextoffer("check", tmp_path / "raw", *options).out)
    (strategy,) = report["strategies"]
    assert (strategy["random_displays"], strategy["silent_displays"]) == (400, 0)
    assert not [sentence for sentence in strategy["missing"] if "To evaluate" in sentence]


DECISIONING = {"propositions": [{"id": "x", "items": ["a", "b"]}]}
ITEMS_WITHOUT_ID = json.dumps(
    {
        "_id": "d",
        "timestamp": "2026-11-20T09:00:00Z",
        "eventType": "decisioning.propositionDisplay",
        "identityMap": {"ECID": [{"id": "p"}]},
        "_experience": {"decisioning": DECISIONING},
    }
)


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"displays.csv": "event_ts,profile_id,offer_id\nx,p,a\ny,p,b\n"}, 3, "every display was"),
        ({"displays.csv": "event_ts,profile_id\n2026-11-01,p\n"}, 3, "offer_id is missing"),
        ({"capping_rules.csv": "offer_id,capping_event,capping_type,capping_limit\n"
          "a,click,total,0\n"}, 2, "capping_limit: '0' is not allowed"),
        ({"notes.txt": "x"}, 3, "contains no recognised input"),
        ({"displays.csv": "event_ts,profile_id,offer_id\n2026-11-20,p,a\n",
          "segment_memberships.csv": "profile_id,gold\np,1\n"}, 3, "every segment membership was"),
        ({"events.ndjson": ITEMS_WITHOUT_ID}, 3, "every display was rejected: item without id"),
        ({"displays.csv": "Report\n\na,b\n1,2\n"}, 3, "its first line must name the columns"),
    ],
)  # fmt: skip
def test_the_code_is_that_of_a_run(
    tmp_path: Path, nextoffer: Command, files: dict[str, str], code: int, said: str
) -> None:
    """What stops a run stops a check, with the same message and code."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, text in files.items():
        (raw / name).write_text(text)
    checked = nextoffer("check", raw, "--home", tmp_path / "home")
    run = nextoffer("run", "--raw", raw, "--home", tmp_path / "home")
    assert checked.code == run.code == code
    assert said in checked.err
    assert checked.err.splitlines()[-1] == run.err.splitlines()[-1]


def test_of_large_files_a_part_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample keeps whole lines and small files, and the share is stated."""
    write_log(tmp_path, 4000, hours=0.1)
    (tmp_path / "offers.csv").write_text("offer_id\ncard-a\ncard-b\n")
    monkeypatch.setattr(sample, "_WHOLE_BYTES", 1000)
    size = (tmp_path / "displays.csv").stat().st_size
    with sample.sampled(tmp_path, size // 4) as (folder, share):
        assert folder is not None
        text = (folder / "displays.csv").read_text()
        assert (folder / "offers.csv").read_text() == "offer_id\ncard-a\ncard-b\n"
    assert (tmp_path / "displays.csv").read_text().startswith(text)
    assert text.endswith("\n")
    assert share == pytest.approx(0.25, abs=0.01)
    assert not folder.exists()


def test_a_large_file_in_another_encoding_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UTF-16 is not cut in the middle of a letter."""
    content = ("event_ts,profile_id,offer_id\n" + "2026-11-20,p,a\n" * 500).encode("utf-16")
    (tmp_path / "displays.csv").write_bytes(content)
    monkeypatch.setattr(sample, "_WHOLE_BYTES", 1000)
    with sample.sampled(tmp_path, 4000) as (folder, _):
        assert folder is not None
        assert (folder / "displays.csv").read_bytes() == content


def test_the_next_command_states_what_the_check_was_told(
    tmp_path: Path, nextoffer: Command
) -> None:
    """The run to copy reads dates as the check did."""
    (tmp_path / "displays.csv").write_text("event_ts,profile_id,offer_id\n01/02/2026,p,a\n")
    home = tmp_path / "home"
    checked = nextoffer("check", tmp_path, "--home", home, "--date-order", "day_first", "--json")
    assert "--date-order day_first" in json.loads(checked.out)["next"]
