"""The state of a cycle is read only if every field is what a run writes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from scorer.warehouse.build_state import (
    CycleState,
    current_cycle,
    last_state,
    load_state,
    save_state,
    set_current_cycle,
)

AS_OF = datetime(2026, 1, 4)
STATE = CycleState(
    AS_OF.isoformat(),
    "digest",
    done=["features", "train"],
    failures={"web": "train: too few"},
    published="nextoffer-20260104T000000.duckdb",
    seconds={"features": 1.5},
    raw="/somewhere",
)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All fields come back."""
    save_state(tmp_path, STATE)
    set_current_cycle(tmp_path, STATE.as_of)
    assert load_state(tmp_path, AS_OF) == STATE
    assert last_state(tmp_path) == STATE


WRONG: list[tuple[str, Any]] = [
    ("as_of", "soon"),
    ("as_of", "2026-01-04T00:00:00+05:00"),
    ("as_of", None),
    ("as_of", "2026-01-05T00:00:00"),
    ("fingerprint", 7),
    ("done", ["train"]),
    ("done", "features"),
    ("done", [["features"]]),
    ("done", None),
    ("failures", ["web"]),
    ("failures", {"web": 7}),
    ("published", "../../etc/passwd"),
    ("published", ["nextoffer-20260104T000000.duckdb"]),
    ("seconds", {"features": "long"}),
    ("seconds", 3),
    ("raw", 5),
    ("kpi", "clicks"),
    ("kpi", []),
    ("seed", -1),
    ("seed", True),
    ("seed", "0"),
    ("time_zone", 5),
    ("inputs", {"offers": 5}),
    ("inputs", "offers"),
    ("more", 1),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_field_makes_the_cycle_start_again(tmp_path: Path, name: str, value: Any) -> None:
    """A state with a value that no run writes counts as none, so the cycle starts again."""
    save_state(tmp_path, STATE)
    (file,) = tmp_path.glob("2026*.json")
    file.write_text(json.dumps({**asdict(STATE), name: value}))
    assert load_state(tmp_path, AS_OF) is None


@pytest.mark.parametrize("content", ["", "[]", "7", '{"as_of": 7}', '{"as_of": "x"}', "[" * 5000])
def test_a_damaged_current_cycle_counts_as_none(tmp_path: Path, content: str) -> None:
    """The build file then belongs to no cycle."""
    (tmp_path / "current.json").write_text(content)
    assert current_cycle(tmp_path) is None
    assert last_state(tmp_path) is None
